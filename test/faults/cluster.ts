/** A Redis Cluster of three masters, each behind a proxy, which is all that clients ever see of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "vitest";
import type { RedisProxy } from "../support/redis-proxy.ts";
import type { RigOptions } from "../support/rig.ts";
import type { PrivateRedis } from "./private-redis.ts";
import { openPrivateRedis, openProxy } from "./rig.ts";

const MASTERS = 3;
const SLOTS = 16_384;
const SETTINGS = {
  "cluster-enabled": "yes",
  "cluster-announce-ip": "127.0.0.1",
  "cluster-node-timeout": "2000",
};
const LOOK_EVERY_MS = 50;

export interface ClusterNode {
  redis: PrivateRedis;
  proxy: RedisProxy;
}

export interface TestCluster {
  nodes: readonly ClusterNode[];
  /** Where a rig finds it. */
  rig: Pick<RigOptions, "redisUrl" | "redisMode">;
  /** Resolves once every node says that the cluster is well. */
  whole(): Promise<void>;
}

/** Every slot has its master; ends with the test. */
export async function openCluster(context: Pick<TestContext, "onTestFinished">): Promise<TestCluster> {
  const nodes = await Promise.all(Array.from({ length: MASTERS }, () => openNode(context)));
  const share = Math.ceil(SLOTS / MASTERS);
  await Promise.all(
    nodes.map(async ({ redis: { admin } }, index) => {
      const last = Math.min(SLOTS, (index + 1) * share) - 1;
      await admin.call("CLUSTER", "ADDSLOTSRANGE", index * share, last);
      // Epochs of their own, for equal ones are told apart only after a collision.
      await admin.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    }),
  );
  for (const { redis } of nodes)
    for (const { redis: other } of nodes)
      if (other !== redis) await redis.admin.call("CLUSTER", "MEET", "127.0.0.1", other.port);
  const whole = async (): Promise<void> => {
    await Promise.all(nodes.map(({ redis }) => isWhole(redis)));
  };
  await whole();
  const hosts = nodes.map(({ proxy }) => new URL(proxy.url).host).join(",");
  return { nodes, rig: { redisUrl: `redis://${hosts}`, redisMode: "cluster" }, whole };
}

async function openNode(context: Pick<TestContext, "onTestFinished">): Promise<ClusterNode> {
  const redis = await openPrivateRedis(context, { appendfsync: "always", settings: SETTINGS });
  const proxy = await openProxy(context, redis.url);
  // Said to other nodes as well, which keep to the port of the bus.
  await redis.admin.config("SET", "cluster-announce-port", new URL(proxy.url).port);
  return { redis, proxy };
}

async function isWhole({ admin }: PrivateRedis): Promise<void> {
  for (;;) {
    const info = String(await admin.call("CLUSTER", "INFO"));
    const [, nodes] = /cluster_known_nodes:(\d+)/.exec(info) ?? [];
    if (info.includes("cluster_state:ok") && Number(nodes) === MASTERS) return;
    await sleep(LOOK_EVERY_MS);
  }
}
