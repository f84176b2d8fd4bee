import { describe, expect, it } from "vitest";
import { RunReader } from "../../src/bulk/run-reader.ts";
import { RunStore } from "../../src/bulk/run-store.ts";
import { createLog } from "../../src/log.ts";
import { OLDEST_INTERACTIVE_MS } from "../../src/ops/alert.ts";
import { Alerter } from "../../src/ops/alerter.ts";
import type { Situation } from "../../src/ops/situation.ts";
import { readSituation } from "../../src/ops/situation.ts";
import type { Notice } from "../../src/ops/webhook.ts";
import { CredentialEnds } from "../../src/queue/credential-ends.ts";
import { listQueues } from "../../src/queue/instance-queues.ts";
import { Stops } from "../../src/queue/stops.ts";
import { INCIDENTS, UPDATE } from "./bull-board.ts";
import { makeRun } from "./finished-run.ts";
import { metrics, seriesOf } from "./health.ts";
import { failNextJob, type Opened, openOps, openWorker } from "./opened.ts";

const silent = createLog("silent");

function openAlerter(
  { redis, prefix, queues }: Opened,
  change: (situation: Situation) => Situation = (same) => same,
) {
  const notices: Notice[] = [];
  const stops = new Stops(redis, prefix);
  const ends = new CredentialEnds(redis, prefix);
  const runs = new RunReader(redis, prefix);
  const alerter = new Alerter({
    redis,
    prefix,
    log: silent,
    read: async () =>
      change(
        await readSituation({ redis, queues, list: () => listQueues(redis, prefix), runs, stops, ends }),
      ),
    tell: async (notice) => void notices.push(notice),
  });
  return { alerter, notices };
}

/** The situation with one queue's figures changed. */
const withQueue =
  (changed: Partial<Situation["figures"][number]>) =>
  (situation: Situation): Situation => ({
    ...situation,
    figures: situation.figures.map((state) =>
      state.queue.name === INCIDENTS ? { ...state, ...changed } : state,
    ),
  });

describe("alerts", () => {
  it("tell of a lane with work and no worker once, from two servers, and of its end", async () => {
    const ops = await openOps();
    const [first, second] = [openAlerter(ops), openAlerter(ops)];
    await ops.client.enqueue("update_incident", UPDATE);
    for (const { alerter } of [first, second, first, second]) await alerter.look();
    const firing = [...first.notices, ...second.notices];
    expect(firing).toMatchObject([{ state: "firing", severity: "critical", key: `no-worker:${INCIDENTS}` }]);
    expect(firing[0]?.text).toBe("1 jobs wait on incidents (interactive) of default, and no worker listens");

    await openWorker(ops.prefix);
    await expect.poll(() => ops.queues.get(INCIDENTS).getWorkersCount()).toBeGreaterThan(0);
    for (const { alerter } of [second, first]) await alerter.look();

    expect([...first.notices, ...second.notices].slice(-1)).toMatchObject([{ state: "recovered" }]);
    expect([...first.notices, ...second.notices]).toHaveLength(2);
  });

  it("tell of a bulk run that no worker listens for, and not of one that is paused", async () => {
    const ops = await openOps();
    const { alerter, notices } = openAlerter(ops);
    await makeRun(ops, {}, 1);
    await alerter.look();
    await new RunStore(ops.redis, ops.prefix).pause("r1");
    await alerter.look();
    expect(notices.map(({ state, text }) => [state, text])).toEqual([
      ["firing", "1 bulk runs of default are at work, and no worker listens"],
      ["recovered", "1 bulk runs of default are at work, and no worker listens"],
    ]);
  });

  it.each([
    ["dead jobs", "not_found: no such incident", `dead:${INCIDENTS}`],
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

  it("tell of a pause only after 15 minutes without a break", async () => {
    const ops = await openOps();
    let heldMs = 1_000;
    const { alerter, notices } = openAlerter(ops, (situation) => withQueue({ heldMs })(situation));
    await alerter.look(0);
    await alerter.look(14 * 60_000);
    heldMs = 0;
    await alerter.look(15 * 60_000);
    heldMs = 1_000;
    await alerter.look(16 * 60_000);
    await alerter.look(31 * 60_000);
    expect(notices).toEqual([]);
    await alerter.look(31 * 60_000 + 1);
    expect(notices.map(({ key }) => key)).toEqual([`held:${INCIDENTS}`]);
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

  it("are told again when nobody took them", async () => {
    const ops = await openOps();
    const told: string[] = [];
    let isDown = true;
    const alerter = new Alerter({
      redis: ops.redis,
      prefix: ops.prefix,
      log: silent,
      read: async () => ({
        nowMs: 0,
        figures: [],
        bulk: [],
        stops: [],
        ends: [],
        memory: { used: 90, max: 100 },
      }),
      tell: async ({ key }) => {
        if (isDown) throw new Error("down");
        told.push(key);
      },
    });
    await alerter.look();
    isDown = false;
    await alerter.look();
    await alerter.look();
    expect(told).toEqual(["redis-full"]);
  });
});
