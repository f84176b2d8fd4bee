/** `npm run demo`: the whole pipe on this machine, against a simulated Defender. Leaves nothing running and nothing behind. */
import { randomBytes } from "node:crypto";
import { createClient } from "../../producers/client.ts";
import { toFailure } from "../../src/contract/failure.ts";
import { visible } from "../../src/output.ts";
import { startRedis } from "../support/redis.ts";
import { startSimulatorProcess } from "../support/simulator-process.ts";
import { startWorkerProcess } from "../support/worker-process.ts";
import { checkIncident } from "./incident.ts";
import { checkRedis, removeKeys } from "./keys.ts";
import { play } from "./play.ts";
import { Cleanup, runCommand } from "./processes.ts";
import { CASE_ID, story } from "./story.ts";

const cleanup = new Cleanup();
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => interrupt.abort(new Error(`stopped by ${signal}`)));
process.stdout.on("error", () => interrupt.abort(new Error("nobody reads the output any more")));

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function tell(who: string, text: string): void {
  const seconds = (performance.now() / 1_000).toFixed(1).padStart(4);
  say(`${seconds} s  ${who.padEnd(9)}  ${visible(text)}`);
}

async function demonstrate(): Promise<void> {
  say(`Case ${CASE_ID}, from the queue to Microsoft 365 Defender (a simulated one) and back.\n`);
  const prefix = `demo-${randomBytes(4).toString("hex")}`;
  const [simulator, redis] = await Promise.all([
    cleanup.start(startSimulatorProcess(), (started) => started.stop()),
    cleanup.start(startRedis(), async ({ url, stop }) => {
      // One that was given keeps what was in it, and nothing of ours.
      await removeKeys(url, prefix).finally(stop);
    }),
  ]);
  await checkRedis(redis.url);
  const { host } = new URL(redis.url);
  tell("redis", `${process.env["REDIS_URL"] ? "given by REDIS_URL" : "started for the demo"}, ${host}`);
  tell("simulator", `a process that speaks Graph over HTTP, ${simulator.url}`);

  interrupt.signal.throwIfAborted();
  const queue = { REDIS_URL: redis.url, QUEUE_PREFIX: prefix };
  const starting = startWorkerProcess({
    ...queue,
    LOG_LEVEL: "info",
    AZURE_TENANT_ID: simulator.tenant,
    AZURE_CLIENT_ID: simulator.clientId,
    AZURE_CLIENT_SECRET: simulator.clientSecret,
    LOGIN_API_ROOT: simulator.url,
    GRAPH_API_ROOT: simulator.url,
  });
  await cleanup.start(starting, async (worker) => void (await worker.kill("SIGTERM")));
  tell("worker", "a process that takes jobs from the queue");
  say("");

  interrupt.signal.throwIfAborted();
  const client = createClient({ redisUrl: redis.url, queuePrefix: prefix });
  await cleanup.start(Promise.resolve(client), () => client.close());
  for (const step of story) {
    tell("playbook", `${step.request.action}: ${step.question}`);
    tell("", await play(step, client));
  }
  tell("defender", await checkIncident(simulator.url));
  say(`\n$ defender-actions results ${CASE_ID}`);
  say(await runCommand(["results", CASE_ID], queue));
}

async function main(): Promise<number> {
  const interrupted = new Promise<never>((_, reject) =>
    interrupt.signal.addEventListener("abort", () => reject(interrupt.signal.reason), { once: true }),
  );
  let problem: string | null = null;
  try {
    await Promise.race([demonstrate(), interrupted]);
  } catch (error) {
    problem = toFailure(error).message;
  }
  const leftovers = await cleanup.run();
  problem ??= leftovers.length > 0 ? toFailure(leftovers[0]).message : null;
  if (problem === null) say("All of it is stopped again.");
  else process.stderr.write(`The demo did not get to its end: ${problem}\n`);
  return problem === null ? 0 : 1;
}

// Whatever was still under way when it ended is of no interest any more.
process.exit(await main());
