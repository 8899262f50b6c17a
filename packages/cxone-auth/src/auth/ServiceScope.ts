import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

const scopes = new WeakMap<object, Scope.Scope>()

/** Notes in which scope a token service lives, so that what its clients share can live there too. */
export const set = <Service extends object>(service: Service, scope: Scope.Scope): Service => {
  scopes.set(service, scope)
  return service
}

/** The scope of a token service. `None` if the app built the service itself. */
export const scopeOf = (service: object): Option.Option<Scope.Scope> => Option.fromNullable(scopes.get(service))
