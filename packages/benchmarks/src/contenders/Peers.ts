/** Whom `cxone-auth` is compared with. */
import { azurePipeline } from "./AzurePipeline.js"
import { badgatewayOAuth2 } from "./BadgatewayOAuth2.js"
import type { Contender } from "./Contender.js"
import { googleAuth } from "./GoogleAuth.js"
import { openidClient } from "./OpenidClient.js"
import { simpleOAuth2 } from "./SimpleOAuth2.js"

export const peers: ReadonlyArray<Contender> = [googleAuth, azurePipeline, badgatewayOAuth2, simpleOAuth2, openidClient]
