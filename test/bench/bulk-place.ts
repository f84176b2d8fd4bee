/** Where a part of the bulk bench happens: a Redis and a pipe of its own, one worker, and the shipped commands. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkCli } from "../bulk/bulk-cli.ts";
import { PrivateRedis } from "../faults/private-redis.ts";
import { openRig, type Rig } from "../support/rig.ts";
import type { WorkerProcess } from "../support/worker-process.ts";
import type { Limit } from "./quota-figures.ts";
import type { Session } from "./session.ts";

/** What a run may spend of a window, as `BULK_SHARE` has it by default. */
export const SHARE = 0.8;

export interface BulkPlace {
  redis: PrivateRedis;
  rig: Rig;
  worker: WorkerProcess;
  bulk: BulkCli;
}

export async function openPlace({ cleanup }: Session, limit: Limit, ledger = true): Promise<BulkPlace> {
  const redis = await cleanup.start(PrivateRedis.start({ appendfsync: "everysec" }), (one) => one.close());
  const opening = openRig({
    redisUrl: redis.url,
    warmUp: true,
    settings: { quotas: { incidents: null, hunting: null }, ledger },
    env: {
      DEFENDER_INCIDENT_LIMITS: `${limit.calls}/${limit.windowMs}ms`,
      DEFENDER_HUNTING_LIMITS: "1000/1s",
      LOG_LEVEL: "info",
    },
  });
  const rig = await cleanup.start(opening, (opened) => opened.close());
  const worker = await rig.startWorker();
  const bulk = await cleanup.start(Promise.resolve(new BulkCli(rig)), async (one) => one.close());
  return { redis, rig, worker, bulk };
}

/** A file of ids, one a line, that goes with the session. */
export async function writeIds({ cleanup }: Session, ids: Iterable<number>): Promise<string> {
  const folder = await cleanup.start(mkdtemp(join(tmpdir(), "bench-bulk-")), (made) =>
    rm(made, { recursive: true, force: true }),
  );
  const file = join(folder, `${randomUUID()}.txt`);
  await writeFile(file, `id\n${[...ids].join("\n")}\n`);
  return file;
}
