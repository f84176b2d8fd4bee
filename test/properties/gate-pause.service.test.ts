/** The pause of a gate, for any order of refusals. */
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { GateState } from "../../src/defender/gate-state.ts";
import { randomPrefix } from "../support/prefix.ts";

const HOUR_MS = 3_600_000;
let redis: Redis;

beforeAll(() => {
  redis = new Redis(inject("redisUrl"));
});
afterAll(() => redis.disconnect());

function newState(): { state: GateState; key: string } {
  const base = `${randomPrefix()}:{gate:pause}`;
  const state = new GateState({ redis, base, paceMs: 1_000, spacingMs: 100 });
  return { state, key: `${base}:pause` };
}

it("never gets shorter, and never longer than an hour", async () => {
  const retryAfterMs = fc.option(fc.integer({ min: 30_000, max: 2 * HOUR_MS }));
  await fc.assert(
    fc.asyncProperty(fc.array(retryAfterMs, { minLength: 1, maxLength: 6 }), async (refusals) => {
      const { state, key } = newState();
      let ends = 0;
      for (const each of refusals) {
        const { ms: restMs } = await state.pause(each);
        if (each !== null) expect(restMs).toBeGreaterThanOrEqual(Math.min(each, HOUR_MS));
        expect(restMs).toBeLessThanOrEqual(HOUR_MS);
        const now = Number(await redis.hget(key, "until"));
        expect(now).toBeGreaterThanOrEqual(ends);
        ends = now;
        expect((await state.look([])).kind).toBe("paused");
      }
    }),
    { numRuns: 30 },
  );
});

it("doubles with every strike in a row up to a minute, with jitter, and starts over after a success", async () => {
  const { state, key } = newState();
  const nextStrike = async (): Promise<number> => {
    await redis.hdel(key, "until");
    return (await state.pause(null)).ms;
  };
  for (const most of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    const waitMs = await nextStrike();
    expect(waitMs).toBeGreaterThanOrEqual(most / 2);
    expect(waitMs).toBeLessThanOrEqual(most);
    expect((await state.pause(null)).ms).toBeLessThanOrEqual(waitMs);
  }
  await redis.hdel(key, "until");
  const passage = { expiresAtMs: null, slotMs: 0, turnMs: 0, placeMs: 0 };
  expect(await state.enter("probe", [], passage)).toMatchObject({ kind: "probe", ms: 0 });
  expect((await state.enter("another", [], passage)).kind).toBe("probing");
  await state.endProbe("another", true);
  expect((await state.look([])).kind).toBe("probing");
  await state.endProbe("probe", true);
  expect(await nextStrike()).toBeLessThanOrEqual(2_000);
});
