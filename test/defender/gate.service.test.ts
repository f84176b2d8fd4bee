/** One gate from inside: shares, waiting, holding, and what it does when Redis forgets. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { openGate } from "../../src/defender/gate.ts";
import { randomPrefix } from "../support/prefix.ts";
import { busiestWindow } from "../support/windows.ts";
import {
  AT_ONCE,
  connect,
  type Finish,
  open,
  passage,
  refusal,
  send,
  sendPersistently,
} from "./opened-gate.ts";

describe.concurrent("a gate", () => {
  it("leaves interactive calls their part of the window", async (test) => {
    const gate = await open(test, [{ calls: 10, windowMs: 60_000 }]);
    const bulk = { priority: "bulk" } as const;
    for (let calls = 0; calls < 8; calls += 1) await sendPersistently(gate, bulk);
    expect((await refusal(gate.run(passage(bulk), send))).details.heldBack).toBe("quota");
    expect(await gate.heldForMs("bulk")).toBeGreaterThan(10_000);
    expect(await gate.heldForMs("interactive")).toBe(0);
    expect(await gate.windows()).toEqual([{ calls: 10, windowMs: 60_000, spentCalls: 8 }]);
    await sendPersistently(gate);
    await sendPersistently(gate);
    expect((await refusal(gate.run(passage(AT_ONCE), send))).details.heldBack).toBe("quota");
    expect(await gate.windows()).toMatchObject([{ spentCalls: 10 }]);
  });

  it("sends a call back at once when its window stays full for longer than anybody waits", async (test) => {
    const gate = await open(test, [{ calls: 1, windowMs: 60_000 }]);
    await sendPersistently(gate);
    const startedAt = performance.now();
    const failure = await refusal(gate.run(passage(), send));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(failure).toMatchObject({ code: "throttled", details: { heldBack: "quota" } });
    expect(failure.details.retryAfterMs).toBeGreaterThan(59_000);
    expect(failure.details.retryAfterMs).toBeLessThanOrEqual(60_600);
  });

  it("starts the window when the call was sent, not when it began", async (test) => {
    const gate = await open(test, [{ calls: 1, windowMs: 1_000 }]);
    const first = await gate.run(passage(), async (sent) => {
      await sleep(600);
      return send(sent);
    });
    expect((await sendPersistently(gate)) - first).toBeGreaterThanOrEqual(1_000);
  });

  it("takes a slot back at once from a call that was not sent", async (test) => {
    const gate = await open(test, [{ calls: 1, windowMs: 60_000 }]);
    await expect(gate.run(passage(AT_ONCE), async () => "nothing sent")).resolves.toBe("nothing sent");
    const gone = new Failure("defender_unavailable", "no connection");
    await expect(gate.run(passage(AT_ONCE), () => Promise.reject(gone))).rejects.toBe(gone);
    const stop = new Failure("cancelled", "taken back");
    const stopped = passage({ beforeSend: () => Promise.reject(stop) });
    await expect(gate.run(stopped, send)).rejects.toBe(stop);
    expect(await gate.windows()).toMatchObject([{ spentCalls: 0 }]);
    await sendPersistently(gate);
  });

  it("gives no slot to those who gave up waiting", async (test) => {
    const gate = await open(test, [{ calls: 1, windowMs: 1_500 }]);
    const first = await sendPersistently(gate);
    const givesUp = new AbortController();
    const reason = new Failure("cancelled", "taken back");
    const waiting = Array.from({ length: 5 }, () =>
      refusal(gate.run(passage({ signal: givesUp.signal }), send)),
    );
    const next = sendPersistently(gate);
    await sleep(200);
    givesUp.abort(reason);
    for (const failure of await Promise.all(waiting)) expect(failure).toBe(reason);
    expect((await next) - first).toBeLessThan(5 * 1_500);
  });

  it("hands a job back when its signal says no more than stop", async (test) => {
    const gate = await open(test, [{ calls: 1, windowMs: 1_500 }]);
    await sendPersistently(gate);
    const failure = await refusal(gate.run(passage({ signal: AbortSignal.abort() }), send));
    expect(failure).toMatchObject({ code: "throttled", details: { heldBack: "quota", retryAfterMs: 0 } });
  });

  it("sends nothing that has expired on Redis's clock", async (test) => {
    const gate = await open(test, [{ calls: 1, windowMs: 60_000 }]);
    const [seconds] = await connect(test).time();
    const expiresAtMs = Number(seconds) * 1_000;
    expect((await refusal(gate.run(passage({ expiresAtMs }), send))).code).toBe("expired");
    await sendPersistently(gate, { expiresAtMs: expiresAtMs + 60_000 });
  });

  it("still holds its slots for others after it was closed, twice", async (test) => {
    const prefix = randomPrefix();
    const windows = [{ calls: 1, windowMs: 60_000 }];
    const gate = await open(test, windows, prefix);
    await sendPersistently(gate);
    await Promise.all([gate.close(), gate.close()]);
    const next = await open(test, windows, prefix);
    expect((await refusal(next.run(passage(AT_ONCE), send))).details.heldBack).toBe("quota");
    expect((await refusal(gate.run(passage(), send))).code).toBe("throttled");
  });

  it("recovers alone when Redis forgets everything, without a call too many", async (test) => {
    const prefix = randomPrefix();
    const windows = [{ calls: 5, windowMs: 2_000 }];
    const [gate, other] = await Promise.all([open(test, windows, prefix), open(test, windows, prefix)]);
    const times = await Promise.all([gate, gate, gate, other, other].map((each) => sendPersistently(each)));
    await forget(test, prefix);
    const forgottenAt = performance.now();
    times.push(
      ...(await Promise.all(
        [gate, other, gate, other, gate, other, gate].map((each) => sendPersistently(each)),
      )),
    );
    times.sort((a, b) => a - b);
    expect(busiestWindow(times, 2_000)).toBeLessThanOrEqual(5);
    expect((times[5] ?? Infinity) - forgottenAt).toBeLessThan(2 * 2_000);
  });

  it("gets back a slot that a repeated command has counted twice", async (test) => {
    const prefix = randomPrefix();
    const gate = await open(test, [{ calls: 1, windowMs: 60_000 }], prefix);
    await connect(test).hincrby(`b_${prefix}:{gate:one}:slots:1:60000_settings`, "running", 1);
    await sendPersistently(gate);
  });

  it("refuses to open when its limiter would not use Redis's clock", async (test) => {
    const redis = Object.assign(connect(test), { hget: async () => "0" });
    const opening = openGate({
      redis,
      prefix: randomPrefix(),
      id: "one",
      windows: [{ calls: 1, windowMs: 1_000 }],
      bulkShare: 1,
    });
    expect(await refusal(opening)).toMatchObject({ code: "internal_error" });
  });
});

/** What a flush does to one gate; the other tests share this Redis. */
async function forget(test: Finish, prefix: string): Promise<void> {
  const redis = connect(test);
  const keys = await redis.keys(`*${prefix}*`);
  expect(keys.length).toBeGreaterThan(5);
  await redis.del(keys);
}
