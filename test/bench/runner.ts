/** A contestant as the race sees it: a process, its queue, and how many jobs it does in a second. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import { createClient } from "../../producers/client.ts";
import { loadProducerConfig } from "../../src/config.ts";
import { connectProducer } from "../../src/queue/connection.ts";
import { JOB_OPTIONS } from "../../src/queue/options.ts";
import { type Contestant, QUEUE } from "./contestants.ts";
import { requestOf } from "./load.ts";

/** How exactly the end of a round is known: some thousandths of it. */
const LOOK_EVERY_MS = 5;

export interface Runner {
  contestant: Contestant;
  /** Jobs per second over `jobs` jobs that were all there at the start. Rejects when one of them fails. */
  race(jobs: number): Promise<number>;
  stop(): Promise<void>;
}

export type Environment = Readonly<Record<string, string>>;

/** Resolves once its worker takes jobs. `code` is the folder that `compile` gave. */
export async function startRunner(contestant: Contestant, code: string, env: Environment): Promise<Runner> {
  const child = fork(`${code}/test/bench/contestant.js`, [contestant], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-2_000);
  });
  const ended = once(child, "exit");
  const died = ended.then(() => {
    throw new Error(`the worker "${contestant}" ended:\n${complaints}`);
  });
  died.catch(() => {});
  await Promise.race([once(child, "message"), died]);

  const { redis: config } = loadProducerConfig(env);
  const redis = connectProducer(config);
  const queue = new Queue(QUEUE, { connection: redis, prefix: config.prefix });
  const client = createClient({ redisUrl: config.url, queuePrefix: config.prefix });

  async function fill(jobs: number): Promise<void> {
    const requests = Array.from({ length: jobs }, (_, number) => requestOf(number));
    if (contestant === "gated" || contestant === "ungated") await client.enqueueMany(requests);
    else
      await queue.addBulk(
        requests.map(({ action, input }) => ({ name: action, data: input, opts: JOB_OPTIONS })),
      );
  }

  /** What is left is counted, not what is done: BullMQ keeps only the last jobs that completed. */
  async function allDone(): Promise<void> {
    for (;;) {
      const missed = await queue.getJobCountByTypes("failed", "delayed");
      if (missed > 0) throw new Error(`${contestant}: ${missed} jobs failed or were put off:\n${complaints}`);
      if ((await queue.getJobCountByTypes("waiting", "active")) === 0) return;
      await sleep(LOOK_EVERY_MS);
    }
  }

  return {
    contestant,
    async race(jobs) {
      await queue.pause();
      await fill(jobs);
      const startMs = performance.now();
      await queue.resume();
      await Promise.race([allDone(), died]);
      const seconds = (performance.now() - startMs) / 1_000;
      await queue.clean(0, jobs, "completed");
      return jobs / seconds;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
      await Promise.all([queue.close(), client.close()]);
      redis.disconnect();
    },
  };
}
