import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"

const key: unique symbol = Symbol.for("cxone-auth/ServiceScope")

/**
 * Notes in which scope a token service lives, so that what its clients share can live there too. The note is a property,
 * so a service that an app spreads into one of its own keeps it.
 */
export const mark = <Service extends object>(service: Service, scope: Scope.Scope): Service =>
  Object.assign(service, { [key]: scope })

const isScope = (input: unknown): input is Scope.Scope => Predicate.hasProperty(input, Scope.ScopeTypeId)

/** The scope of a token service. `None` if the app built the service itself. */
export const scopeOf = (service: object): Option.Option<Scope.Scope> =>
  Option.filter(Option.fromNullable(Predicate.hasProperty(service, key) ? service[key] : undefined), isScope)
