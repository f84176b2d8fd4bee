/** How alerts are told: once, by one of several servers, and again when nobody heard. */
import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { LONGEST_HOLD_MS } from "../../src/ops/alert.ts";
import { Alerter } from "../../src/ops/alerter.ts";
import type { Situation } from "../../src/ops/situation.ts";
import type { Notice } from "../../src/ops/webhook.ts";
import { connectProducer } from "../../src/queue/connection.ts";
import { INCIDENTS } from "./bull-board.ts";
import { openOps } from "./opened.ts";
import { openAlerter, silent, withQueue } from "./opened-alerter.ts";

const SINGLE = { mode: "single", sentinelName: null } as const;
const FULL: Situation = {
  nowMs: 0,
  figures: [],
  bulk: [],
  stops: [],
  ends: [],
  refusals: [],
  memory: { used: 90, max: 100 },
};

describe("alerts", () => {
  it("tell of a pause only after 15 minutes without a break", async () => {
    const ops = await openOps();
    let heldMs = 1_000;
    const { notices, lookIn } = openAlerter(ops, (situation) => withQueue({ heldMs })(situation));
    await lookIn(0);
    await lookIn(14 * 60_000);
    heldMs = 0;
    await lookIn(15 * 60_000);
    heldMs = 1_000;
    await lookIn(16 * 60_000);
    await lookIn(30 * 60_000);
    expect(notices).toEqual([]);
    await lookIn(32 * 60_000);
    expect(notices.map(({ key }) => key)).toEqual([`held:${INCIDENTS}`]);
  });

  it("of a pause are not ended by an ops server that started meanwhile, nor does it wait anew", async () => {
    const ops = await openOps();
    const isHeld = withQueue({ heldMs: 1_000 });
    const old = openAlerter(ops, isHeld);
    await old.lookIn(0);
    const young = openAlerter(ops, isHeld);
    await young.lookIn(LONGEST_HOLD_MS + 1_000);
    for (const { lookIn } of [old, young, old]) await lookIn(LONGEST_HOLD_MS + 2_000);
    expect([...old.notices, ...young.notices].map(({ key, state }) => [key, state])).toEqual([
      [`held:${INCIDENTS}`, "firing"],
    ]);
  });

  it("tell of a Redis that is away after two looks, and of its return", async () => {
    const ops = await openOps();
    let isAway = true;
    const { alerter, notices } = openAlerter(ops, (situation) => {
      if (isAway) throw new Error("away");
      return situation;
    });
    await alerter.look();
    expect(notices).toEqual([]);
    await alerter.look();
    await alerter.look();
    isAway = false;
    await alerter.look();
    await alerter.look();
    expect(notices.map(({ key, state }) => [key, state])).toEqual([
      ["redis-away", "firing"],
      ["redis-away", "recovered"],
    ]);
  });

  it("tell of a Redis that answers and takes no writes", async () => {
    const ops = await openOps();
    await ops.redis.call(
      "ACL",
      "SETUSER",
      ops.prefix,
      "reset",
      "on",
      "nopass",
      "+@all",
      "-@write",
      "~*",
      "&*",
    );
    const url = Object.assign(new URL(inject("redisUrl")), { username: ops.prefix, password: "any" });
    const reading = connectProducer({ ...SINGLE, url: url.href, prefix: ops.prefix });
    onTestFinished(async () => {
      reading.disconnect();
      await ops.redis.call("ACL", "DELUSER", ops.prefix);
    });
    const { alerter, notices } = openAlerter({ ...ops, redis: reading });
    await alerter.look();
    expect(notices).toEqual([]);
    await alerter.look();
    await alerter.look();
    expect(notices.map(({ key, state }) => [key, state])).toEqual([["redis-refuses", "firing"]]);
    await ops.redis.call("ACL", "SETUSER", ops.prefix, "+@write");
    await alerter.look();
    expect(notices.slice(1).map(({ key, state }) => [key, state])).toEqual([["redis-refuses", "recovered"]]);
  });

  it("are told again when nobody took them, and it is known that nobody hears", async () => {
    const ops = await openOps();
    const told: string[] = [];
    let isDown = true;
    const alerter = new Alerter({
      redis: ops.redis,
      prefix: ops.prefix,
      log: silent,
      read: async () => FULL,
      tell: async ({ key }) => {
        if (isDown) throw new Error("down");
        told.push(key);
      },
    });
    expect(alerter.isHeard).toBe(true);
    await alerter.look();
    expect(alerter.isHeard).toBe(false);
    isDown = false;
    await alerter.look();
    await alerter.look();
    expect(alerter.isHeard).toBe(true);
    expect(told).toEqual(["redis-full"]);
  });

  it("that a server had in hand when it was killed are told by the next one", async () => {
    const ops = await openOps();
    const notices: Notice[] = [];
    const { redis, prefix } = ops;
    const read = async (): Promise<Situation> => FULL;
    const killed = new Alerter({ redis, prefix, log: silent, read, tell: () => new Promise(() => {}) });
    void killed.look();
    const next = new Alerter({
      redis,
      prefix,
      log: silent,
      read,
      tell: async (one) => void notices.push(one),
    });
    const [turn = ""] = await vi.waitFor(async () => {
      const keys = await redis.keys(`${prefix}:ops:alerts:turn`);
      expect(keys).toHaveLength(1);
      return keys;
    });
    await next.look();
    expect(notices).toEqual([]);
    // A minute later.
    expect(await redis.pexpire(turn, 1)).toBe(1);
    await vi.waitFor(async () => expect(await redis.exists(turn)).toBe(0));
    await next.look();
    expect(notices.map(({ key }) => key)).toEqual(["redis-full"]);
  });
});
