/**
 * Runs the examples, and gives every message as text. `untried` lists the values of an error's fields that have no example.
 */
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { CxoneAuth, CxoneAuthError } from "../../dist/index.js"
import { answering, token } from "./answers.mjs"
import { calls } from "./calls.mjs"
import { errors } from "./errors.mjs"
import { logs } from "./logs.mjs"
import { settings } from "./settings.mjs"
import { thrown } from "./thrown.mjs"

/** An example of an error may take a shared field away: `undefined` is as good as absent. */
const make = ({ class: Class, fields }, reason, own) =>
  new Class(Record.filter({ ...fields, ...own, reason }, (value) => value !== undefined))

const made = errors.map((entry) => ({
  name: entry.class._tag,
  reasons: Object.entries(entry.reasons).map(([reason, { cases, sent }]) => ({
    reason,
    sent,
    cases: Object.entries(cases).map(([when, own]) => ({ when, error: make(entry, reason, own) }))
  }))
}))

/** The values that a field can have, as far as they can be counted, each with whether a value is it. */
const valuesOf = ({ isOptional, type }) => {
  const members = (type._tag === "Union" ? type.types : [type]).flatMap((member) =>
    member._tag === "Literal" ? [member.literal] : member._tag === "BooleanKeyword" ? [true, false] : []
  )
  const counted = members.map((literal) => [`"${literal}"`, (value) => value === literal])
  const absent = ["no value", (value) => value === undefined]
  const present = ["a value", (value) => value !== undefined]
  return isOptional ? [...counted, absent, present] : counted
}

const untriedOf = ({ class: Class }) => {
  const { reasons } = made.find(({ name }) => name === Class._tag)
  const examples = reasons.flatMap(({ cases }) => cases.map(({ error }) => error))
  return Schema.typeSchema(Schema.Struct(Class.fields)).ast.propertySignatures.flatMap((field) =>
    valuesOf(field)
      .filter(([, is]) => !examples.some((error) => is(error[field.name])))
      .map(([value]) => `${Class._tag} has no example whose ${String(field.name)} is ${value}`)
  )
}

const classesWithoutExamples = CxoneAuthError.members
  .filter((member) => !errors.some((entry) => entry.class === member))
  .map(({ _tag }) => `${_tag} has no examples`)

/** What a call throws, or what the effect that it gives dies of. */
const thrownBy = async (call) => {
  try {
    const result = call()
    const exit = await Effect.runPromiseExit(Effect.isEffect(result) ? result : Effect.void)
    return Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  } catch (error) {
    return error
  }
}

/** A call as its source has it, on one line. */
const sourceOf = (call) =>
  call
    .toString()
    .replace(/^\(\) =>\s*/, "")
    .replace(/\s+/g, " ")

const callOf = async (call) => {
  const error = await thrownBy(call)
  if (error === undefined) throw new Error(`This example throws nothing: ${sourceOf(call)}`)
  return { call: sourceOf(call), name: error.name, message: error.message }
}

const prefixOf = (given) => Object.keys(given)[0]?.match(/^(\w+)_CXONE_/)?.[1]

/** `isNested` if the prefix is the provider's, and not an option. */
const refusalOf = (isNested) => (given) => {
  const prefix = prefixOf(given)
  // The settings as an app reads them from its environment.
  const all = ConfigProvider.fromMap(new Map(Object.entries(given)), { pathDelim: "_" })
  const [provider, options] = isNested ? [ConfigProvider.nested(all, prefix), {}] : [all, { prefix }]
  const built = Layer.build(Layer.provide(CxoneAuth.layerFromEnv(options), answering(token)))
  const result = Effect.runSync(
    Effect.either(Effect.scoped(built)).pipe(
      Effect.withConfigProvider(provider),
      Logger.withMinimumLogLevel(LogLevel.None)
    )
  )
  const text = Object.entries(given).map(([name, value]) => `${name}=${name.includes("SECRET") ? "…" : value}`)
  if (result._tag === "Right") throw new Error(`These settings are accepted: ${text.join(" ")}`)
  return { given: text.join(" "), message: String(result.left) }
}

/** Effect's own line for a fiber that failed. */
const unhandled = "Fiber terminated with an unhandled error"

const shown = new Set()

/** Every line that a program logs and that was not shown before. A program that waits gets two hours. */
const linesOf = async ([when, program]) => {
  const lines = []
  const logger = Logger.make(({ annotations, logLevel, message }) => {
    const text = [message].flat().map((part) => Inspectable.toStringUnknown(part, 0))
    const notes = HashMap.toEntries(annotations).map(
      ([key, value]) => `${key}=${Inspectable.toStringUnknown(value, 0)}`
    )
    const line = [...text, ...notes.sort()].join(" ")
    if (line === unhandled || shown.has(line)) return
    shown.add(line)
    lines.push({ level: logLevel.label, message: line })
  })
  const inTime = Effect.gen(function* () {
    const fiber = yield* Effect.fork(program)
    yield* TestClock.adjust("2 hours")
    yield* fiber
  })
  await Effect.runPromise(
    inTime.pipe(
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.withRandom(Random.make("the same each time")),
      Effect.provide(Layer.merge(TestContext.TestContext, Logger.replace(Logger.defaultLogger, logger)))
    )
  )
  if (lines.length === 0) throw new Error(`This program logs nothing that was not shown before: ${when}`)
  return lines
}

/** What a call fails with. */
const failureOf = async (call) => {
  const error = await Effect.runPromise(Effect.flip(call))
  return { name: error._tag, message: error.message }
}

/** One after the other, because each is small. */
const inTurn = async (items, one) => {
  const results = []
  for (const item of items) results.push(await one(item))
  return results
}

export const untried = [...classesWithoutExamples, ...errors.flatMap(untriedOf)]

export const messages = {
  errors: made.map(({ name, reasons }) => ({
    name,
    reasons: reasons.map(({ cases, ...reason }) => ({
      ...reason,
      // As a log of JSON has it.
      cases: cases.map(({ error, when }) => ({ when, message: JSON.parse(JSON.stringify(error)).message }))
    }))
  })),
  thrown: await inTurn(Object.entries(thrown), async ([title, calls]) => ({
    title,
    calls: await inTurn(calls, callOf)
  })),
  settings: Object.entries(settings).map(([title, all]) => ({
    title,
    refused: all.map(refusalOf(title.includes("nested")))
  })),
  calls: await inTurn(Object.entries(calls), async ([when, call]) => ({ when, ...(await failureOf(call)) })),
  logs: await inTurn(Object.entries(logs), async (entry) => ({ when: entry[0], lines: await linesOf(entry) }))
}
