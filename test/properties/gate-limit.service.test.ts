/** The limit that learns, for any order of refusals and any time between them: the scripts against a model. */
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { callsLeft } from "../../src/defender/gate-limit.ts";
import { GateState } from "../../src/defender/gate-state.ts";
import { elapse } from "../defender/lowered-gate.ts";
import { randomPrefix } from "../support/prefix.ts";

const MINUTE_MS = 60_000;
/** When a refused call was let go: after the last refusal, or before it. */
const KNOWING = Number.MAX_SAFE_INTEGER;
const UNKNOWING = 0;

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject("redisUrl"));
});
afterAll(() => redis.disconnect());

class Model {
  #nowMs = 0;
  #refusedAtMs = -Infinity;
  #loweredAtMs = -Infinity;
  #thousandths = 1_000;

  elapse(ms: number): void {
    this.#nowMs += ms;
  }

  thousandths(): number {
    const minutes = (this.#nowMs - this.#loweredAtMs) / MINUTE_MS;
    if (minutes < 60) return this.#thousandths;
    return Math.min(1_000, this.#thousandths + 100 * Math.floor((minutes - 50) / 10));
  }

  refuse(): void {
    const isSecond = this.#nowMs - this.#refusedAtMs <= 10 * MINUTE_MS;
    this.#refusedAtMs = this.#nowMs;
    if (!isSecond || this.#nowMs - this.#loweredAtMs < 60 * MINUTE_MS) return;
    this.#thousandths = Math.max(100, Math.floor(this.thousandths() / 2));
    this.#loweredAtMs = this.#nowMs;
  }
}

// A second more than whole minutes, so that what the test itself takes moves nothing across a border.
const pauseMs = fc
  .oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 55, max: 75 }), fc.integer({ min: 0, max: 200 }))
  .map((minutes) => minutes * MINUTE_MS + 1_000);
const step = fc.record({
  afterMs: pauseMs,
  refusal: fc.constantFrom("knowing", "knowing", "unknowing", "none"),
});

/** Refused again as soon as it may be lowered again, until a tenth is left. */
const steadily = Array.from({ length: 20 }, (_, index) => ({
  afterMs: (index % 2 === 0 ? 60 * MINUTE_MS : 0) + 1_000,
  refusal: "knowing" as const,
}));

it("halves and climbs as the model does, and never leaves less than a tenth", async () => {
  let lowest = 1;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const base = `${randomPrefix()}:{gate:limit}`;
      const state = new GateState({ redis, base, paceMs: 1_000, spacingMs: 100 });
      const model = new Model();
      let wasRefused = false;
      for (const { afterMs, refusal } of steps) {
        await elapse(redis, base, afterMs);
        model.elapse(afterMs);
        const before = model.thousandths();
        if (refusal !== "none") {
          // The first refusal is news to everybody.
          const isNews = refusal === "knowing" || !wasRefused;
          if (isNews) model.refuse();
          const { loweredTo } = await state.pause(1, isNews ? KNOWING : UNKNOWING);
          wasRefused = true;
          const after = model.thousandths();
          if (loweredTo !== null) expect(loweredTo).toBe(after / 1_000);
          if (after < before) expect(loweredTo).not.toBeNull();
        } else {
          await state.pause(1);
        }
        const { share, lowered } = await state.limit();
        expect(share).toBe(model.thousandths() / 1_000);
        expect(lowered === null).toBe(share === 1);
        lowest = Math.min(lowest, share);
        expect(share).toBeGreaterThanOrEqual(0.1);
      }
      await elapse(redis, base, 150 * MINUTE_MS);
      expect(await state.limit()).toEqual({ share: 1, lowered: null });
      await redis.del(`${base}:pause`);
    }),
    { numRuns: 60, examples: [[steadily]] },
  );
  expect(lowest).toBe(0.1);
});

it("is rounded alike by the scripts and by those who show it, and opens a window after its places were taken", async () => {
  const windows = fc.record({
    calls: fc.integer({ min: 1, max: 30 }),
    share: fc.integer({ min: 100, max: 999 }),
  });
  await fc.assert(
    fc.asyncProperty(windows, async ({ calls, share }) => {
      const base = `${randomPrefix()}:{gate:limit}`;
      const state = new GateState({ redis, base, paceMs: 1_000, spacingMs: 100 });
      const [seconds] = await redis.time();
      await redis.hset(`${base}:pause`, { share, loweredAt: Number(seconds) * 1_000 });
      const counted = [{ key: `${base}:spent`, calls, holdMs: 60_000 }];
      const entry = { expiresAtMs: null, slotMs: 0, turnMs: 0, placeMs: 7_000 };
      let places = 0;
      while ((await state.enter(`call ${places}`, counted, entry)).hasPlace) places += 1;
      expect(places).toBe(callsLeft({ calls }, await state.limit()));
      // Kept for longer in case that they are sent late, they are mostly sent at once.
      const { kind, ms } = await state.look(counted);
      expect(kind).toBe("full");
      expect(ms).toBeLessThanOrEqual(60_000);
      await redis.del(`${base}:pause`, `${base}:spent`);
    }),
    { numRuns: 50 },
  );
});
