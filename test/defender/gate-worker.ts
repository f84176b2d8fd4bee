/** A process that sends through one gate as fast as it may, and prints when each call was sent (a clock that all processes share). */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { z } from "zod";
import { Failure } from "../../src/contract/failure.ts";
import { PRIORITIES } from "../../src/contract/job.ts";
import { openGate } from "../../src/defender/gate.ts";

export const workerSettingsSchema = z.object({
  redisUrl: z.string(),
  prefix: z.string(),
  id: z.string(),
  windows: z.array(z.object({ calls: z.number(), windowMs: z.number() })),
  priority: z.enum(PRIORITIES),
  /** Loops that send at once. */
  loops: z.number(),
  /** Loops that take their slots and never send. */
  hangingLoops: z.number(),
});
export type WorkerSettings = z.infer<typeof workerSettingsSchema>;

const { redisUrl, loops, hangingLoops, priority, ...gateSettings } = workerSettingsSchema.parse(
  JSON.parse(process.argv[2] ?? ""),
);
const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
const gate = await openGate({ redis, bulkShare: 0.8, ...gateSettings });
const signal = new AbortController().signal;
const passage = { priority, signal, waitsForSlot: true, expiresAtMs: null, beforeSend: async () => {} };

async function hang(): Promise<void> {
  report("hangs");
  await new Promise(() => {});
}

async function send(sent: () => void): Promise<void> {
  await sleep(Math.random() * 20);
  sent();
  report("sent");
}

function report(what: string): void {
  // Written at once: what a killed process did must not be lost with it.
  writeSync(1, `${what} ${Number(process.hrtime.bigint()) / 1e6}\n`);
}

async function loop(call: typeof send): Promise<never> {
  for (;;) {
    try {
      await gate.run(passage, call);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "throttled") throw error;
      await sleep(error.details.retryAfterMs ?? 0);
    }
  }
}

await Promise.all([
  ...Array.from({ length: hangingLoops }, () => loop(hang)),
  ...Array.from({ length: loops }, () => loop(send)),
]);
