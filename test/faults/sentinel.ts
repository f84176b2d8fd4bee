/** A primary, a replica and three Sentinels that make the replica the primary when the first is gone for a second. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { TestContext } from "vitest";
import { freePort, type LeashedServer, startLeashed } from "../support/redis-server.ts";
import type { RigOptions } from "../support/rig.ts";
import { needServer, type PrivateRedis } from "./private-redis.ts";
import { openPrivateRedis } from "./rig.ts";

type Ending = Pick<TestContext, "onTestFinished">;

const NAME = "main";
const SENTINELS = 3;
const QUORUM = 2;
const LOOK_EVERY_MS = 50;

export interface Watched {
  primary: PrivateRedis;
  replica: PrivateRedis;
  sentinels: readonly Sentinel[];
  /** Where a rig finds it. */
  rig: Pick<RigOptions, "redisUrl" | "redisMode" | "redisSentinelName">;
}

/** All know each other; ends with the test. */
export async function openWatched(context: Ending): Promise<Watched> {
  const [primary, replica] = await Promise.all([openPrivateRedis(context), openPrivateRedis(context)]);
  await replica.admin.replicaof("127.0.0.1", primary.port);
  await until(async () => (await replica.admin.info("replication")).includes("master_link_status:up"));
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, () => Sentinel.start(context, primary.port)),
  );
  for (const sentinel of sentinels) await sentinel.knowsAll();
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",");
  return {
    primary,
    replica,
    sentinels,
    rig: { redisUrl: `redis://${hosts}`, redisMode: "sentinel", redisSentinelName: NAME },
  };
}

/** Resolves once that Redis takes writes. */
export async function isPrimary({ admin }: PrivateRedis): Promise<void> {
  await until(async () => (await admin.info("replication")).includes("role:master"));
}

export class Sentinel {
  readonly port: number;
  readonly #command: readonly string[];
  readonly #admin: Redis;
  #server: LeashedServer;

  private constructor(port: number, command: readonly string[], server: LeashedServer) {
    this.port = port;
    this.#command = command;
    this.#server = server;
    this.#admin = new Redis({ port, maxRetriesPerRequest: null });
    this.#admin.on("error", () => undefined);
  }

  static async start({ onTestFinished }: Ending, primaryPort: number): Promise<Sentinel> {
    const [port, folder] = await Promise.all([
      freePort(),
      mkdtemp(join(tmpdir(), "defender-actions-sentinel-")),
    ]);
    const file = join(folder, "sentinel.conf");
    const lines = [
      "bind 127.0.0.1",
      `port ${port}`,
      `dir ${folder}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} 1000`,
      `sentinel failover-timeout ${NAME} 5000`,
    ];
    await writeFile(file, `${lines.join("\n")}\n`);
    const command = [needServer(), file, "--sentinel"];
    const sentinel = new Sentinel(port, command, await startLeashed(command, "+monitor"));
    onTestFinished(async () => {
      sentinel.#admin.disconnect();
      await sentinel.#server.stop();
      await rm(folder, { recursive: true, force: true });
    });
    return sentinel;
  }

  /** Resolves once it has found the replica and the other Sentinels. */
  async knowsAll(): Promise<void> {
    await until(async () => {
      const known = await this.#admin.call("SENTINEL", "MASTER", NAME);
      const fields = Array.isArray(known) ? known.map(String) : [];
      const of = (field: string): string | undefined => fields[fields.indexOf(field) + 1];
      return of("num-slaves") === "1" && of("num-other-sentinels") === String(SENTINELS - 1);
    });
  }

  /** SIGKILL; what it knows stays. */
  async kill(): Promise<void> {
    process.kill(this.#server.pid, "SIGKILL");
    await this.#server.ended;
    await this.#server.stop();
  }

  async restart(): Promise<void> {
    this.#server = await startLeashed(this.#command, "+monitor");
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(LOOK_EVERY_MS);
}
