/**
 * A simulated CXone to test apps that use `cxone-auth`.
 *
 * @since 0.1.0
 */

export { type Endpoint, Fault, type FaultAnswer, type FaultAnswerInput, type FaultOn } from "./faults/Fault.js"
export type { Quota } from "./faults/Quotas.js"
export type { RequestSelector } from "./faults/RequestSelector.js"
export { Grant, type GrantService } from "./options/Grant.js"
export {
  defaultTenant,
  type PlacedTenant,
  type SimulatedAccessKey,
  type SimulatedArea,
  type SimulatedTenant
} from "./options/SimulatedTenant.js"
export { defaultUser, type SimulatedUser } from "./options/SimulatedUser.js"
export { defaultClient, type SimulatedClient, type SimulatorOptions } from "./options/SimulatorOptions.js"
export type { SimulatorQuirks } from "./options/SimulatorQuirks.js"
export type { RecordedRequest, RequestOutcome } from "./recorder/RecordedRequest.js"
export type { SimulatedAccount, WayIn } from "./simulator/Account.js"
export { CxoneSimulator, type SimulatedAuthOptions } from "./simulator/CxoneSimulator.js"
export type { CxoneSimulatorService, InjectedFault, InjectOptions } from "./simulator/CxoneSimulatorService.js"
export type { TenantAccount } from "./simulator/TenantAccount.js"
export { timePasses } from "./simulator/TimePasses.js"
