/** How `check` says what is left of a quota. */
import { expect, test } from "vitest";
import type { GateLimit } from "../../src/defender/gate-limit.ts";
import { quotaOf } from "../../workers/check-quota.ts";
import { instanceAt } from "../defender/scripted-connection.ts";

const LOWERED_AT_MS = Date.parse("2026-11-24T14:05:59Z");
const CLIMBS_AT_MS = Date.parse("2026-11-24T15:05:59Z");
const HALF: GateLimit = { share: 0.5, lowered: { atMs: LOWERED_AT_MS, climbsAtMs: CLIMBS_AT_MS } };

const instance = {
  ...instanceAt("http://127.0.0.1:1"),
  limits: {
    incidents: [{ calls: 120, windowMs: 60_000 }],
    hunting: [
      { calls: 1_500, windowMs: 3_600_000 },
      { calls: 45, windowMs: 90_000 },
      { calls: 1, windowMs: 500 },
    ],
  },
};
const said = (...[lane, limit, nowMs]: [lane: "incidents" | "hunting", limit: GateLimit, nowMs: number]) =>
  quotaOf(instance, lane, limit, nowMs);

test("a whole limit is written as it was set", () => {
  expect(said("incidents", { share: 1, lowered: null }, LOWERED_AT_MS)).toEqual({
    check: "quota",
    instance: "default",
    ok: true,
    message: "incidents: 120/1m",
  });
  expect(said("hunting", { share: 1, lowered: null }, LOWERED_AT_MS).message).toBe(
    "hunting: 1500/1h and 45/90s and 1/500ms",
  );
});

test("a lowered one says what is left, since when, why, and from when it climbs", () => {
  expect(said("incidents", HALF, CLIMBS_AT_MS - 1)).toEqual({
    check: "quota",
    instance: "default",
    ok: true,
    message:
      "incidents: 60 of 120/1m, lowered at 14:05 UTC because Defender refused calls below it; climbs from 15:05 UTC",
  });
  expect(said("hunting", { ...HALF, share: 0.6 }, CLIMBS_AT_MS).message).toBe(
    "hunting: 900 of 1500/1h and 27 of 45/90s and 1 of 1/500ms, lowered at 14:05 UTC because Defender refused calls below it; climbs since 15:05 UTC",
  );
});
