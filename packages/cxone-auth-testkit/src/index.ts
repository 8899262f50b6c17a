/**
 * A CXone to test against, for apps that use `cxone-auth`.
 *
 * @since 0.1.0
 */
export { CxoneSimulator, type CxoneSimulatorService } from "./CxoneSimulator.js"
export { type Endpoint, Fault, type FaultOn } from "./Fault.js"
export { Grant, type GrantService } from "./Grant.js"
export type { RecordedRequest } from "./RecordedRequest.js"
export {
  defaultTenant,
  type PlacedTenant,
  type SimulatedAccessKey,
  type SimulatedArea,
  type SimulatedTenant
} from "./SimulatedTenant.js"
export { defaultClient, defaultUser, type SimulatedClient, type SimulatorOptions } from "./SimulatorOptions.js"
export type { SimulatorQuirks } from "./SimulatorQuirks.js"
export type { TenantAccount } from "./TenantAccount.js"
