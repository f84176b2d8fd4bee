/** A primary, its replica, and three Sentinels that make the replica the primary when the first one is gone. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { TestContext } from "vitest";
import { freePort, startLeashed } from "../support/redis-server.ts";
import { needServer, type PrivateRedis } from "./private-redis.ts";
import { openPrivateRedis } from "./rig.ts";

const SENTINELS = 3;
const NAME = "defender-redis";
const GONE_AFTER_MS = 1_000;
const LOOK_EVERY_MS = 50;

export interface Trio {
  primary: PrivateRedis;
  sentinels: readonly string[];
  name: string;
  /** Resolves once another one than the first is the primary. */
  failedOver(): Promise<void>;
}

export async function openTrio(context: Pick<TestContext, "onTestFinished">): Promise<Trio> {
  const primary = await openPrivateRedis(context);
  const { port } = new URL(primary.url);
  const replica = await openPrivateRedis(context, {
    appendfsync: "always",
    settings: { replicaof: `127.0.0.1 ${port}` },
  });
  while (!(await replica.admin.info("replication")).includes("master_link_status:up"))
    await sleep(LOOK_EVERY_MS);
  const ports = await Promise.all(
    Array.from({ length: SENTINELS }, () => openSentinel(context, Number(port))),
  );
  const [first = 0] = ports;
  const sentinel = new Redis(first, { maxRetriesPerRequest: null });
  context.onTestFinished(() => sentinel.disconnect());
  const knows = async (): Promise<boolean> => {
    const text = JSON.stringify(await sentinel.call("SENTINEL", "MASTER", NAME));
    return text.includes('"num-slaves","1"') && text.includes(`"num-other-sentinels","${SENTINELS - 1}"`);
  };
  while (!(await knows())) await sleep(LOOK_EVERY_MS);
  const sentinels = ports.map((each) => `127.0.0.1:${each}`);
  return {
    primary,
    name: NAME,
    sentinels,
    async failedOver() {
      while (
        JSON.stringify(await sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)).includes(`"${port}"`)
      )
        await sleep(LOOK_EVERY_MS);
    },
  };
}

/** Gives its port. */
async function openSentinel(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  primaryPort: number,
): Promise<number> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "defender-actions-sentinel-"));
  const file = join(folder, "sentinel.conf");
  await writeFile(
    file,
    `port ${port}
bind 127.0.0.1
sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} 2
sentinel down-after-milliseconds ${NAME} ${GONE_AFTER_MS}
sentinel failover-timeout ${NAME} 5000
`,
  );
  const server = await startLeashed([needServer(), file, "--sentinel"], "+monitor");
  onTestFinished(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return port;
}
