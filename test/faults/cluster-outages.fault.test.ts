/** Workers on a Redis Cluster come back by themselves when a part of it, or all of it, was away. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "vitest";
import { check } from "./checker.ts";
import { openCluster, type TestCluster } from "./cluster.ts";
import { allConsume, answerQueries } from "./consuming.ts";
import { allOver } from "./jobs.ts";
import { Load } from "./load.ts";
import { CONSUME_WITHIN_MS, EXPLAINED } from "./outages.ts";
import { openFaultRig } from "./rig.ts";

interface Outage {
  is: string;
  /** What it makes workers say beside what every outage does. */
  events?: readonly string[];
  /** Resolves once the cluster can be had again. */
  happen(cluster: TestCluster): Promise<void>;
}

const OUTAGES: readonly Outage[] = [
  {
    is: "one master of it was killed for 6 s",
    async happen({ nodes: [node] }) {
      await node?.redis.kill();
      await sleep(6_000);
      await node?.redis.restart();
    },
  },
  {
    is: "one master of it was frozen for 20 s",
    async happen({ nodes: [node] }) {
      node?.redis.freeze();
      await sleep(20_000);
      node?.redis.thaw();
    },
  },
  {
    is: "all of it was killed for 20 s",
    // While no node answers, ioredis listens more and more often for the end of one socket, and Node warns of that.
    events: ["node.warning"],
    async happen({ nodes }) {
      await Promise.all(nodes.map(({ redis }) => redis.kill()));
      await sleep(20_000);
      await Promise.all(nodes.map(({ redis }) => redis.restart()));
    },
  },
  {
    is: "its connections had become half-open",
    async happen({ nodes }) {
      const all = nodes.flatMap(({ proxy }) => proxy.connections());
      // A client says so of the first call that a dead connection swallows; what is measured is the workers' way back.
      const forgotten = new Set(all.filter(({ name }) => !name.includes("defender-client")));
      for (const { proxy } of nodes) proxy.goDeaf((connection) => forgotten.has(connection));
      await sleep(2_000);
    },
  },
];

describe.concurrent("all workers of a cluster consume again within 30 s, without a restart (bullmq #4138), after", {
  timeout: 240_000,
}, () => {
  it.for(OUTAGES)("$is", async ({ is, happen, events = [] }, context) => {
    const cluster = await openCluster(context);
    const rig = await openFaultRig(context, { ...cluster.rig, env: { COMMENT_SETTLE: "2s" } });
    await answerQueries(rig);
    const workers = await Promise.all([rig.startWorker(), rig.startWorker()]);
    await allConsume(rig, workers, CONSUME_WITHIN_MS);
    const load = new Load(rig);
    await load.reached(20);
    await happen(cluster);
    await cluster.whole();
    const tookMs = await allConsume(rig, workers, CONSUME_WITHIN_MS);
    console.log(`${is}: ${Math.round(tookMs)} ms`);
    await load.stop();
    await load.askAgain();
    await allOver(rig, rig.accepted, 60_000);
    await check(rig, { events: [...EXPLAINED, ...events] });
  });
});
