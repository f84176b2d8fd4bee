import { describe, expect, test } from "vitest";
import { faultOf } from "../../src/defender/faults.ts";
import type { CallKind } from "../../src/defender/graph-call.ts";
import { answered, graphError, target } from "./graph-answers.ts";

describe("503 with Retry-After", () => {
  const busy = (message: string) =>
    answered(503, graphError("ServiceUnavailable", message), { "retry-after": "5" });

  test.each(["read", "hunting", "patch"] as const)("is throttling for a %s", (kind) => {
    const failure = faultOf(target(kind), busy(""));
    expect(failure).toMatchObject({ code: "throttled", mayBeApplied: false });
    expect(failure.details).toMatchObject({ heldBack: "throttled", retryAfterMs: 5_000 });
  });

  test("leaves open whether a comment was stored, unless it says why", () => {
    expect(faultOf(target("comment"), busy(""))).toMatchObject({
      code: "defender_unavailable",
      mayBeApplied: true,
    });
    expect(faultOf(target("comment"), busy("The request was throttled."))).toMatchObject({
      code: "throttled",
      mayBeApplied: false,
    });
  });
});

describe("how long a 429 holds back", () => {
  const date = "Tue, 24 Nov 2026 10:07:30 GMT";
  const wait = (headers: Record<string, string>, message = "", kind: CallKind = "hunting") =>
    faultOf(target(kind), answered(429, graphError("429", message), { date, ...headers })).details
      .retryAfterMs;

  test.each([
    ["seconds", { "retry-after": "30" }, "", 30_000],
    ["an HTTP date, on the server's clock", { "retry-after": "Tue, 24 Nov 2026 10:08:00 GMT" }, "", 30_000],
    ["a date that is past", { "retry-after": "Tue, 24 Nov 2026 10:00:00 GMT" }, "", undefined],
    ["0 seconds, which would be no wait at all", { "retry-after": "0" }, "", undefined],
    ["more than an hour", { "retry-after": "86400" }, "", 3_600_000],
    ["seconds in the text", {}, "Please try again after 17 seconds", 17_000],
    ["nothing", {}, "", undefined],
    ["nonsense", { "retry-after": "soon" }, "", undefined],
    ["spent CPU: the next quarter hour", {}, "CPU quota of the tenant is used up", 450_000],
    ["spent CPU with a header: the header", { "retry-after": "30" }, "CPU quota is used up", 30_000],
  ])("%s", (_name, headers, message, expected) => {
    expect(wait(headers, message)).toBe(expected);
  });

  test.each([
    ["a 429", "hunting", 429, "", "calls"],
    ["a 429 for an incident", "read", 429, "", "calls"],
    ["a 429 for an incident, whatever it says of CPU", "read", 429, "CPU quota is used up", "calls"],
    ["a 429 for processing time", "hunting", 429, "CPU quota of the tenant is used up", "cpu"],
    [
      "a 400 for processing time",
      "hunting",
      400,
      "Query execution has exceeded processing resources allocated to this tenant",
      "cpu",
    ],
    ["a 509", "read", 509, "", undefined],
    ["a 503 that asks to wait", "read", 503, "", undefined],
  ] as const)("%s tells which quota is spent", (_name, kind, status, message, quota) => {
    const failure = faultOf(target(kind), answered(status, graphError("x", message), { "retry-after": "5" }));
    expect(failure).toMatchObject({ code: "throttled" });
    expect(failure.details.quota).toBe(quota);
  });

  test("CPU means nothing to the other lane", () => {
    expect(wait({}, "CPU quota of the tenant is used up", "read")).toBeUndefined();
  });
});
