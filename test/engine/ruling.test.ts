import { describe, expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { type Circumstances, type Ended, type Ruling, rule } from "../../src/engine/ruling.ts";

const FRESH: Circumstances = { attempts: 0, hasOpenWrite: false, isAborted: false, random: () => 1 };
const OPEN = { hasOpenWrite: true };
const LAST = { attempts: 5 };

const done: Ended = { kind: "done", isSuccess: true, message: "ok" };
const again: Ended = { kind: "again", waitFor: "settle", delayMs: 40_000 };
const thrown = (...args: ConstructorParameters<typeof Failure>): Ended => ({
  kind: "thrown",
  failure: new Failure(...args),
});
const unavailable = thrown("defender_unavailable", "502");
const throttled = thrown("throttled", "429", { heldBack: "throttled", retryAfterMs: 7_000 });
const verdict: Ended = { kind: "failed", failure: new Failure("conflict", "merged") };

const wait = (waitFor: string, delayMs: number, attempts: number) => ({
  kind: "wait",
  waitFor,
  delayMs,
  attempts,
});
const fail = (code: string, attempts: number) => ({ kind: "fail", attempts, failure: { code } });

const TABLE: [string, Ended, Partial<Circumstances>, object][] = [
  ["done at the first try", done, {}, { kind: "complete", attempts: 1 }],
  ["done after failed tries", done, { attempts: 2 }, { kind: "complete", attempts: 3 }],
  ["done although the worker stops", done, { isAborted: true }, { kind: "complete" }],
  ["to be settled", again, OPEN, wait("settle", 40_000, 0)],
  ["to be settled after failed tries", again, { ...OPEN, ...LAST }, wait("settle", 40_000, 5)],
  ["a verdict of the action", verdict, {}, fail("conflict", 1)],
  ["a verdict while a write is open", verdict, OPEN, fail("conflict", 1)],
  [
    "throttled by Defender",
    throttled,
    {},
    { kind: "hold", waitFor: "throttled", delayMs: 7_000, attempts: 0 },
  ],
  ["throttled at the last try", throttled, LAST, { kind: "hold", attempts: 5 }],
  ["throttled while a write is open", throttled, OPEN, { kind: "hold", attempts: 0 }],
  [
    "held back by our own quota",
    thrown("throttled", "full", { heldBack: "quota" }),
    {},
    { kind: "hold", waitFor: "quota", delayMs: 20, attempts: 0 },
  ],
  [
    "held back by our own quota for long: taken just before the slot is due",
    thrown("throttled", "full", { heldBack: "quota", retryAfterMs: 7_000 }),
    {},
    { kind: "hold", waitFor: "quota", delayMs: 6_700, attempts: 0 },
  ],
  ["unavailable at the first try", unavailable, {}, wait("retry", 5_000, 1)],
  ["unavailable at the fourth try", unavailable, { attempts: 3 }, wait("retry", 135_000, 4)],
  ["unavailable at the last try", unavailable, LAST, fail("defender_unavailable", 6)],
  [
    "unavailable for good",
    thrown("defender_unavailable", "x", { retryable: false }),
    {},
    fail("defender_unavailable", 1),
  ],
  ["bad input", thrown("invalid_input", "x"), {}, fail("invalid_input", 1)],
  ["not there", thrown("not_found", "x"), {}, fail("not_found", 1)],
  ["expired", thrown("expired", "x"), {}, fail("expired", 1)],
  ["cancelled", thrown("cancelled", "x"), {}, fail("cancelled", 1)],
  ["a defect of ours", thrown("internal_error", "x"), {}, fail("internal_error", 1)],
  ["refused while a write is open", thrown("permission_denied", "x"), OPEN, wait("retry", 5_000, 1)],
  ["not verified at the last try", unavailable, { ...OPEN, ...LAST }, fail("outcome_unknown", 6)],
  ["the worker stops", unavailable, { isAborted: true, attempts: 2 }, { kind: "hand-back", attempts: 2 }],
  [
    "the worker stops at the last try",
    unavailable,
    { isAborted: true, ...LAST },
    { kind: "hand-back", attempts: 5 },
  ],
];

describe("what follows from a run that ended", () => {
  it.each(TABLE)("%s", (_name, ended, circumstances, expected) => {
    expect(rule(ended, { ...FRESH, ...circumstances })).toMatchObject(expected);
  });

  it("keeps the incident of a verdict", () => {
    const incident = { id: "31", requested_id: "30", url: null };
    expect(rule({ ...verdict, incident }, FRESH)).toMatchObject({ kind: "fail", incident });
  });

  it("says of an unknown outcome why it could not be verified, and what to look at", () => {
    const ruling: Ruling = rule(thrown("defender_unavailable", "no answer", { requestId: "r-7" }), {
      ...FRESH,
      ...OPEN,
      ...LAST,
    });
    const { failure } = ruling.kind === "fail" ? ruling : { failure: null };
    expect(failure?.message).toBe("a write was sent, but what became of it could not be verified: no answer");
    expect(failure?.toRecord()).toMatchObject({ retryable: false, request_id: "r-7" });
    expect(failure?.details.hint).toContain("json_result");
  });
});
