/** Several processes on one gate: the quota holds and is used, whatever their clocks say and whoever is killed. */
import { Redis } from "ioredis";
import { describe, expect, inject, it, type TestContext } from "vitest";
import { openGate } from "../../src/defender/gate.ts";
import { randomPrefix } from "../support/prefix.ts";
import { busiestWindow } from "../support/windows.ts";
import { Fleet, machineMs, shareReached, timesOf } from "./gate-fleet.ts";
import type { WorkerSettings } from "./gate-worker.ts";
import { refusePersistently } from "./lowered-gate.ts";

const redisUrl = inject("redisUrl");
const AHEAD_MS = 120_000;

function settingsOf(windows: WorkerSettings["windows"]): WorkerSettings {
  const prefix = randomPrefix();
  return { redisUrl, prefix, id: "fleet", windows, priority: "interactive", loops: 8, hangingLoops: 0 };
}

function startFleet(onTestFinished: TestContext["onTestFinished"]): Fleet {
  const fleet = new Fleet();
  onTestFinished(() => fleet.killAll());
  return fleet;
}

// The limits alone take 24 s; starting processes on a busy machine takes the rest.
describe.concurrent("several processes on one gate", { timeout: 150_000 }, () => {
  it("stay inside both windows and reach at least 95 % of them, two minutes apart", async ({
    onTestFinished,
  }) => {
    const windows = [
      { calls: 45, windowMs: 6_000 },
      { calls: 150, windowMs: 24_000 },
    ];
    const fleet = startFleet(onTestFinished);
    const settings = settingsOf(windows);
    fleet.start("ahead", settings, AHEAD_MS);
    fleet.start("behind", { ...settings, priority: "bulk" }, -AHEAD_MS);
    fleet.start("right", settings);
    await fleet.until(() => fleet.sent.length >= 155);
    const times = timesOf(fleet.sent).slice(0, 155);
    for (const { calls, windowMs } of windows) {
      expect(busiestWindow(times, windowMs)).toBeLessThanOrEqual(calls);
    }
    expect(shareReached(times, windows)).toBeGreaterThanOrEqual(0.95);
    for (const worker of ["ahead", "behind", "right"]) {
      expect(fleet.sent.filter((sent) => sent.worker === worker).length).toBeGreaterThan(10);
    }
  });

  it("never overshoot when some are killed, and get the slots of the dead back", async ({
    onTestFinished,
  }) => {
    const fleet = startFleet(onTestFinished);
    const settings = settingsOf([{ calls: 10, windowMs: 2_000 }]);
    fleet.start("survives", settings);
    fleet.start("killed", { ...settings, hangingLoops: 2 });
    await fleet.until(() => fleet.hanging > 0 && fleet.sent.some(({ worker }) => worker === "killed"));
    await fleet.kill("killed");
    const killedAtMs = machineMs();
    const since = () => timesOf(fleet.sent).filter((time) => time > killedAtMs);
    await fleet.until(() => busiestWindow(since(), 1_900) === 10);
    expect(busiestWindow(timesOf(fleet.sent), 2_000)).toBeLessThanOrEqual(10);
  });

  it("wait out a pause together, on Redis's clock, and then do not burst", async ({ onTestFinished }) => {
    const fleet = startFleet(onTestFinished);
    const settings = settingsOf([{ calls: 20, windowMs: 2_000 }]);
    fleet.start("ahead", settings, AHEAD_MS);
    fleet.start("behind", settings, -AHEAD_MS);
    await fleet.until(() => new Set(fleet.sent.map(({ worker }) => worker)).size === 2);
    const gate = await openGate({ redis: new Redis(redisUrl), bulkShare: 0.8, ...settings });
    onTestFinished(() => gate.close());
    const askedAtMs = machineMs();
    expect(await gate.pause(3_000)).toBe(3_000);
    const pausedAtMs = machineMs();
    // What had passed its last check before the pause may still be on its way out.
    const resumed = () => timesOf(fleet.sent).filter((time) => time > pausedAtMs + 300);
    await fleet.until(() => resumed().length >= 6);
    const [first = 0] = resumed();
    expect(first - askedAtMs).toBeGreaterThanOrEqual(2_999);
    expect(busiestWindow(resumed(), 400)).toBeLessThanOrEqual(6);
  });

  it("keep to a limit that was lowered while they ran, or before they came, and use what is left", async ({
    onTestFinished,
  }) => {
    const window = { calls: 20, windowMs: 2_000 };
    const fleet = startFleet(onTestFinished);
    const settings = settingsOf([window]);
    fleet.start("ahead", settings, AHEAD_MS);
    fleet.start("bulk", { ...settings, priority: "bulk" }, -AHEAD_MS);
    await fleet.until(() => new Set(fleet.sent.map(({ worker }) => worker)).size === 2);
    const redis = new Redis(redisUrl);
    const gate = await openGate({ redis, bulkShare: 0.8, ...settings });
    onTestFinished(() => gate.close());
    for (let refusals = 0; refusals < 2; refusals += 1) await refusePersistently(gate);
    const loweredAtMs = machineMs();
    expect(await gate.limit()).toMatchObject({ share: 0.5 });
    fleet.start("later", settings);
    // Past the pause, its probe and the pace after it.
    const since = () => fleet.sent.filter(({ atMs }) => atMs > loweredAtMs + 4_000);
    await fleet.until(() => since().length >= 61 && since().some(({ worker }) => worker === "later"));
    const half = { ...window, calls: 10 };
    const times = timesOf(since());
    expect(busiestWindow(times, window.windowMs)).toBe(half.calls);
    // From the first call to the one that is six windows behind it, however they lie in between.
    expect(shareReached(times.slice(0, 61), [half])).toBeGreaterThanOrEqual(0.95);
    const bulk = timesOf(since().filter(({ worker }) => worker === "bulk"));
    expect(bulk.length).toBeGreaterThan(0);
    expect(busiestWindow(bulk, window.windowMs)).toBeLessThanOrEqual(8);
  });
});
