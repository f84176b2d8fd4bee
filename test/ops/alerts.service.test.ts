import { describe, expect, it } from "vitest";
import { RunStore } from "../../src/bulk/run-store.ts";
import { LONGEST_HOLD_MS, NO_WORKER_PATIENCE_MS, OLDEST_INTERACTIVE_MS } from "../../src/ops/alert.ts";
import { CredentialEnds } from "../../src/queue/credential-ends.ts";
import { CredentialRefusals } from "../../src/queue/credential-refusals.ts";
import { INCIDENTS, UPDATE } from "./bull-board.ts";
import { makeRun } from "./finished-run.ts";
import { metrics, seriesOf } from "./health.ts";
import { failNextJob, openOps, openWorker } from "./opened.ts";

import { openAlerter, withQueue } from "./opened-alerter.ts";

describe("alerts", () => {
  it("tell of a lane with work and no worker once, from two servers, and of its end", async () => {
    const ops = await openOps();
    const [first, second] = [openAlerter(ops), openAlerter(ops)];
    await ops.client.enqueue("update_incident", UPDATE);
    for (const { lookIn } of [first, second]) await lookIn(0);
    expect([...first.notices, ...second.notices]).toEqual([]);
    for (const { lookIn } of [second, first, second]) await lookIn(NO_WORKER_PATIENCE_MS + 1);
    const firing = [...first.notices, ...second.notices];
    expect(firing).toMatchObject([{ state: "firing", severity: "critical", key: `no-worker:${INCIDENTS}` }]);
    expect(firing[0]?.text).toBe(
      "no worker listens to incidents (interactive) of default, which has 1 job to do",
    );

    await openWorker(ops.prefix);
    await expect.poll(() => ops.queues.get(INCIDENTS).getWorkersCount()).toBeGreaterThan(0);
    for (const { alerter } of [second, first]) await alerter.look();

    expect([...first.notices, ...second.notices].filter(({ state }) => state === "recovered")).toEqual([
      { ...firing[0], state: "recovered" },
    ]);
    expect([...first.notices, ...second.notices]).toHaveLength(2);
  });

  it("tell of a bulk run that no worker listens for, and not of one that is paused", async () => {
    const ops = await openOps();
    const { notices, lookIn } = openAlerter(ops);
    await makeRun(ops, {}, 1);
    await lookIn(0);
    await lookIn(NO_WORKER_PATIENCE_MS + 1);
    const store = new RunStore(ops.redis, ops.prefix);
    await store.pause("r1");
    await lookIn(NO_WORKER_PATIENCE_MS + 1);
    expect(notices.map(({ state, text }) => [state, text])).toEqual([
      ["firing", "no worker listens for bulk runs, and default has 1 at work"],
      ["recovered", "no worker listens for bulk runs, and default has 1 at work"],
    ]);
    // As it does by itself.
    await store.resume("r1");
    await store.pause("r1", "20 of 100 incidents failed, and 5 % may");
    await lookIn(NO_WORKER_PATIENCE_MS + 1);
    expect(notices.slice(2).map(({ key, state }) => [key, state])).toEqual([
      ["runs-halted:default", "firing"],
    ]);
  });

  it.each([
    ["dead jobs", "not_found: no such incident", `dead:${INCIDENTS}:not_found`],
    ["unsettled writes", "outcome_unknown: lost", `unsettled:${INCIDENTS}`],
    ["a refused credential", "auth_failed: AADSTS7000215", "refused:default"],
  ])("tell of %s", async (_, reason, key) => {
    const ops = await openOps();
    await ops.client.enqueue("update_incident", UPDATE);
    await failNextJob(ops.prefix, INCIDENTS, reason);
    const { alerter, notices } = openAlerter(ops);
    await alerter.look();
    expect(notices.map((notice) => notice.key)).toContain(key);
  });

  it("tell of an old interactive job, and of a full Redis", async () => {
    const ops = await openOps();
    const old = openAlerter(ops, withQueue({ oldestAgeMs: OLDEST_INTERACTIVE_MS + 1 }));
    await old.alerter.look();
    expect(old.notices.map(({ key }) => key)).toEqual([`old:${INCIDENTS}`]);
    const full = openAlerter(ops, (situation) => ({ ...situation, memory: { used: 71, max: 100 } }));
    await full.alerter.look();
    expect(full.notices.map(({ key, state }) => [key, state])).toEqual([
      ["redis-full", "firing"],
      [`old:${INCIDENTS}`, "recovered"],
    ]);
  });

  it("tell of a credential that ends within 30 days, and of the one that replaces it", async () => {
    const ops = await openOps();
    const ends = new CredentialEnds(ops.redis, ops.prefix);
    const { alerter, notices } = openAlerter(ops);
    const inDays = (days: number): number => Date.now() + days * 86_400_000;
    await ends.publish("contoso", inDays(31));
    await ends.publish("default", inDays(29));
    await alerter.look();
    const day = new Date(inDays(29)).toISOString().slice(0, 10);
    expect(notices).toMatchObject([
      {
        key: "credential-ends:default",
        severity: "warning",
        text: `the credential of default ends on ${day}`,
      },
    ]);
    expect(
      seriesOf(await metrics(ops.url), "defender_credential_expiry_timestamp_seconds", {
        instance: "default",
      }),
    ).toBeCloseTo(inDays(29) / 1_000, -2);
    await ends.publish("default", inDays(400));
    await ends.publish("contoso", inDays(-1));
    await alerter.look();
    expect(notices.slice(1).map(({ key, state, severity }) => [key, state, severity])).toEqual([
      ["credential-ends:contoso", "firing", "critical"],
      ["credential-ends:default", "recovered", "warning"],
    ]);
  });

  it("do not take a queue that works steadily for a paused one", async () => {
    const ops = await openOps();
    await ops.client.enqueue("update_incident", UPDATE);
    await ops.redis.set(ops.queues.get(INCIDENTS).toKey("limiter"), "3", "PX", 60_000);
    const { notices, lookIn } = openAlerter(ops, withQueue({ workers: 1, oldestAgeMs: 0 }));
    await lookIn(0);
    await lookIn(LONGEST_HOLD_MS + 1_000);
    expect(notices).toEqual([]);
  });

  it("count an unsettled write, however many jobs have failed since", async () => {
    const ops = await openOps();
    const queue = ops.queues.get(INCIDENTS);
    const failing = ops.redis.pipeline();
    for (let id = 0; id < 1_300; id += 1) {
      const reason = id === 1_050 ? "outcome_unknown: lost" : "cancelled: by the analyst";
      failing.hset(queue.toKey(String(id)), "failedReason", reason);
      failing.zadd(queue.toKey("failed"), Date.now() + id, String(id));
    }
    await failing.exec();
    const { alerter, notices } = openAlerter(ops);
    await alerter.look();
    expect(notices.map(({ text }) => text)).toEqual([
      "nobody knows whether 1 write on incidents (interactive) of default was done",
    ]);
  });

  it("tell of a credential that was refused although no job failed of it, until a token is granted", async () => {
    const ops = await openOps();
    const refusals = new CredentialRefusals(ops.redis, ops.prefix);
    const { alerter, notices } = openAlerter(ops);
    await refusals.note("default");
    await alerter.look();
    await refusals.clear("default");
    await alerter.look();
    expect(notices.map(({ key, severity, state }) => [key, severity, state])).toEqual([
      ["refused:default", "critical", "firing"],
      ["refused:default", "critical", "recovered"],
    ]);
  });
});
