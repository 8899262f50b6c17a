import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** How the token of the current request is granted, if in another way than the client asks for. */
export interface AmendmentService {
  readonly scopes: Option.Option<ReadonlyArray<string>>
  readonly lifetime: Option.Option<Duration.Duration>
}

export class Amendment extends Context.Reference<Amendment>()("cxone-auth-testkit/Amendment", {
  defaultValue: (): AmendmentService => ({ scopes: Option.none(), lifetime: Option.none() })
}) {}
