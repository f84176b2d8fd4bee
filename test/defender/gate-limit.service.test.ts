/** A gate whose limit Defender proves too high: lowered for all, kept by the scripts, and back in time. */
import { describe, expect, it } from "vitest";
import { type GateOptions, openGate } from "../../src/defender/gate.ts";
import { randomPrefix } from "../support/prefix.ts";
import { busiestWindow } from "../support/windows.ts";
import { elapse, refuse } from "./lowered-gate.ts";
import {
  AT_ONCE,
  connect,
  type Finish,
  manual,
  passage,
  refusal,
  send,
  sendPersistently,
} from "./opened-gate.ts";

const MINUTE_MS = 60_000;
const LONG = [{ calls: 20, windowMs: 60_000 }];

/** A gate, more of the same, and time that passes for all of them. */
async function opened(test: Finish, windows: GateOptions["windows"] = LONG) {
  const prefix = randomPrefix();
  const lowered: number[] = [];
  const open = async () => {
    const gate = await openGate({
      redis: connect(test),
      prefix,
      id: "one",
      windows,
      bulkShare: 0.8,
      onLimitLowered: (share) => lowered.push(share),
    });
    test.onTestFinished(() => gate.close());
    return gate;
  };
  const redis = connect(test);
  return {
    gate: await open(),
    open,
    lowered,
    elapse: (ms: number) => elapse(redis, `${prefix}:{gate:one}`, ms),
  };
}

/** Two refusals that halve the limit, and the probe after them. */
const SENT_BY_HALVE = 3;
async function halve({ gate, elapse }: Awaited<ReturnType<typeof opened>>): Promise<void> {
  await refuse(gate);
  await elapse(1_000);
  await refuse(gate);
  await elapse(1_000);
  await sendPersistently(gate); // the probe
  await elapse(MINUTE_MS); // and the pace after it
}

/** How many calls go at once. */
async function room(run: () => Promise<unknown>): Promise<number> {
  for (let calls = 0; ; calls += 1) {
    const failure = await run().then(
      () => null,
      (error: unknown) => error,
    );
    if (failure === null) continue;
    expect(failure).toMatchObject({ code: "throttled", details: { heldBack: "quota" } });
    return calls;
  }
}

describe.concurrent("a gate's limit", () => {
  it("is halved by the second call that is refused below it, once, and not again within the hour", async (test) => {
    const { gate, lowered, elapse } = await opened(test);
    await refuse(gate);
    expect(await gate.limit()).toEqual({ share: 1, lowered: null });
    await elapse(9 * MINUTE_MS);
    await refuse(gate);
    expect(await gate.limit()).toMatchObject({ share: 0.5 });
    for (let refusals = 0; refusals < 5; refusals += 1) {
      await elapse(9 * MINUTE_MS);
      await refuse(gate);
    }
    expect(await gate.limit()).toMatchObject({ share: 0.5 });
    expect(lowered).toEqual([0.5]);
    await elapse(15 * MINUTE_MS);
    await refuse(gate);
    await elapse(1_000);
    await refuse(gate);
    expect(lowered).toEqual([0.5, 0.3]);
  });

  it("stays whole when refusals are more than ten minutes apart", async (test) => {
    const { gate, lowered, elapse } = await opened(test);
    for (let refusals = 0; refusals < 3; refusals += 1) {
      await refuse(gate);
      await elapse(11 * MINUTE_MS);
    }
    expect(lowered).toEqual([]);
  });

  it("takes a burst of refusals for one, also those that come late", async (test) => {
    const { gate, open, lowered, elapse } = await opened(test);
    const other = await open();
    const gates = [gate, other, gate, other, gate];
    const answers = gates.map(() => manual());
    const allLeft = manual();
    let left = 0;
    let elapsedMs = 0;
    const runs = gates.map((each, index) =>
      each.run(passage(), async (sent, admittedAtMs) => {
        sent();
        left += 1;
        if (left === gates.length) allLeft.resolve();
        await answers[index]?.promise;
        await each.pause(1, admittedAtMs - elapsedMs);
      }),
    );
    await allLeft.promise;
    for (const [index, run] of runs.entries()) {
      answers[index]?.resolve();
      await run;
      await elapse(MINUTE_MS); // the pause is over, and Defender answers the next of them
      elapsedMs += MINUTE_MS;
    }
    expect(lowered).toEqual([]);
    await refuse(gate);
    expect(lowered).toEqual([0.5]);
  });

  it("does not learn from pauses of other kinds", async (test) => {
    const { gate, elapse } = await opened(test);
    for (let pauses = 0; pauses < 3; pauses += 1) {
      await gate.pause(1_000);
      await elapse(1_000);
    }
    expect(await gate.limit()).toEqual({ share: 1, lowered: null });
  });

  it("binds whoever opens the gate later, and bulk in its part", async (test) => {
    const context = await opened(test, [{ calls: 40, windowMs: 60_000 }]);
    await halve(context);
    const later = await context.open();
    expect(await later.limit()).toMatchObject({ share: 0.5 });
    expect(await room(() => later.run(passage({ priority: "bulk" }), send))).toBe(16);
    expect(await later.heldForMs("bulk")).toBeGreaterThan(10_000);
    expect(await later.heldForMs("interactive")).toBe(0);
    expect(await room(() => later.run(passage(), send))).toBe(20 - 16 - SENT_BY_HALVE);
    expect(await later.heldForMs("interactive")).toBeGreaterThan(10_000);
  });

  it("climbs by tenths after an hour", async (test) => {
    const context = await opened(test);
    await halve(context);
    const { gate, elapse } = context;
    await elapse(57 * MINUTE_MS);
    expect((await gate.limit()).share).toBe(0.5);
    await elapse(3 * MINUTE_MS);
    expect((await gate.limit()).share).toBe(0.6);
    expect(await room(() => gate.run(passage(AT_ONCE), send))).toBe(12 - SENT_BY_HALVE);
    await elapse(40 * MINUTE_MS);
    expect(await gate.limit()).toEqual({ share: 1, lowered: null });
    expect(await room(() => gate.run(passage(AT_ONCE), send))).toBe(20 - 12);
  });

  it("holds for a call that had entered before it was lowered", async (test) => {
    const { gate, elapse } = await opened(test, [{ calls: 4, windowMs: 60_000 }]);
    const beforeSend = async () => {
      await refuse(gate);
      await elapse(1_000);
      await refuse(gate);
      await elapse(1_000);
    };
    const failure = await refusal(gate.run(passage({ beforeSend }), send));
    expect(failure).toMatchObject({ code: "throttled", details: { heldBack: "quota" } });
    expect(failure.details.retryAfterMs).toBeGreaterThan(10_000);
  });

  it("takes a place back at once from a call that was not sent", async (test) => {
    const context = await opened(test, [{ calls: 8, windowMs: 60_000 }]);
    await halve(context);
    const { gate } = context;
    await gate.run(passage(AT_ONCE), async () => "nothing sent");
    const stop = new Error("taken back");
    await refusal(gate.run(passage({ beforeSend: () => Promise.reject(stop) }), send));
    await gate.run(passage(AT_ONCE), send);
    expect((await refusal(gate.run(passage(AT_ONCE), send))).details.heldBack).toBe("quota");
  });

  it("lets those wait who will soon have a place, and never lets one too many go", async (test) => {
    const context = await opened(test, [{ calls: 10, windowMs: 1_000 }]);
    await halve(context);
    const other = await context.open();
    const each = (index: number) => (index % 2 ? context.gate : other);
    const times = await Promise.all(Array.from({ length: 20 }, (_, index) => sendPersistently(each(index))));
    // The window is full, and opens within the two seconds that a call waits: nobody is sent back.
    times.push(...(await Promise.all([1, 2, 3, 4, 5].map((index) => each(index).run(passage(), send)))));
    expect(busiestWindow(times, 1_000)).toBe(5);
  });
});
