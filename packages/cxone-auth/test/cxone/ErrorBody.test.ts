import { Headers } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Option } from "effect"
import * as ErrorBody from "../../src/cxone/ErrorBody.js"
import * as JsonAnswer from "../../src/cxone/JsonAnswer.js"

const parse = (body: string, headers = {}) => ErrorBody.parse(Option.some(body), Headers.fromInput(headers))

describe("ErrorBody", () => {
  it.each([
    ["RFC 6749", '{"error":"invalid_client","error_description":"no"}', "invalid_client", "no"],
    ["an object as error", '{"error":{"code":"E1","message":"no"}}', "E1", "no"],
    ["an object as error, with the code as error", '{"error":{"error":"E2","detailedMessage":"no"}}', "E2", "no"],
    ["an array of one", '[{"error":"E3","errorMessage":"no"}]', "E3", "no"],
    ["a code alone", '{"error":"E4"}', "E4", ""],
    ["a text alone", '{"message":"no"}', undefined, "no"],
    ["no field that is known", '{"fault":"no"}', undefined, '{"fault":"no"}'],
    ["an array of two", '[{"error":"E5"},{}]', undefined, '[{"error":"E5"},{}]'],
    ["plain text", "no", undefined, "no"],
    ["plain text before HTML", "no <html>", undefined, "no <html>"],
    ["an HTML page", "\n<!doctype html><title lang=en> Sorry </title>", undefined, "an HTML page, Sorry"],
    ["an HTML page without a title", "<html><body>Sorry", undefined, "an HTML page"]
  ])("reads %s", (_, body, code, description) => {
    expect(parse(body)).toEqual({ code, description })
  })

  // In quadratic time each of these would take 10^11 steps, and the test would time out.
  it.each(["<title", "<title ", "<title>", "<title></title", "<", "<html", " ", "\u0000"])(
    "C9: reads a megabyte of %j in linear time",
    (part) => {
      const long = part.repeat(1_000_000 / part.length)
      for (const body of [long, `<html>${long}`, `<html><title>${long}`]) {
        expect(typeof parse(body).description).toBe("string")
      }
    }
  )

  it("takes the header icStatusDescription if the body says nothing", () => {
    const headers = { icStatusDescription: "Invalid token" }
    expect(parse("", headers).description).toBe("Invalid token")
    expect(parse(" \n", headers).description).toBe("Invalid token")
    expect(parse('{"message":"no"}', headers).description).toBe("no")
    expect(ErrorBody.parse(Option.none(), Headers.fromInput(headers)).description).toBe("Invalid token")
    expect(parse(" ").description).toBe("")
  })

  it("reads an error in a success only if a field's name begins with error, and it says something", () => {
    expect(ErrorBody.parseInSuccess('{"error":"E1"}')).toEqual(Option.some({ code: "E1", description: "" }))
    expect(ErrorBody.parseInSuccess('{"errorMessage":"no"}')).toMatchObject(Option.some({ description: "no" }))
    expect(ErrorBody.parseInSuccess('{"message":"no"}')).toEqual(Option.none())
    expect(ErrorBody.parseInSuccess('{"noError":true,"message":"no"}')).toEqual(Option.none())
    expect(ErrorBody.parseInSuccess('{"errors":[]}')).toEqual(Option.none())
    expect(ErrorBody.parseInSuccess("no")).toEqual(Option.none())
  })
})

describe("JsonAnswer", () => {
  it("reads an object, also one that is wrapped in an array of one", () => {
    expect(JsonAnswer.parse('{"a":1}')).toEqual(Option.some({ a: 1 }))
    expect(JsonAnswer.parse('[{"a":1}]')).toEqual(Option.none())
    expect(JsonAnswer.parseWrapped('[{"a":1}]')).toEqual(Option.some({ a: 1 }))
    expect(JsonAnswer.parseWrapped('[{"a":1},{}]')).toEqual(Option.none())
    expect(JsonAnswer.parseWrapped("[]")).toEqual(Option.none())
    expect(JsonAnswer.parseWrapped("1")).toEqual(Option.none())
  })
})
