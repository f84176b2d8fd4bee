/** `npm run test:faults`: all fault tests; with `--rounds N`, N random rounds and nothing else. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { PrivateRedis } from "./private-redis.ts";
import { type RoundOutcome, runRound } from "./round.ts";

const USAGE = `npm run test:faults [-- options] [test files]
  --rounds N   only N random rounds of kills
  --seed S     the first round's seed; the next one's is one more (default: random)
  --at-once N  rounds side by side (default: twice the cores)`;

const count = z.coerce.number().int().min(1);
const optionsSchema = z.object({
  rounds: count.optional(),
  seed: z.coerce.number().int().min(0).optional(),
  "at-once": count.default(2 * availableParallelism()),
});

/** In `npm run test:faults` itself. */
const ROUNDS = 10;
const LARGEST_SEED = 2 ** 31;

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string" }, seed: { type: "string" }, "at-once": { type: "string" } },
  });
  return { ...optionsSchema.parse(values), files: positionals };
}

async function runRounds(rounds: number, firstSeed: number, atOnce: number): Promise<boolean> {
  const redis = await PrivateRedis.start();
  const startedMs = performance.now();
  const outcomes: RoundOutcome[] = [];
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < rounds) {
      const seed = (firstSeed + begun) % LARGEST_SEED;
      begun += 1;
      const outcome = await runRound(seed, redis.url);
      outcomes.push(outcome);
      report(outcome, outcomes.length, rounds);
    }
  };
  console.log(`${rounds} rounds from seed ${firstSeed}, ${atOnce} at once`);
  await Promise.all(Array.from({ length: Math.min(atOnce, rounds) }, lane));
  await redis.close();

  const sum = (of: (outcome: RoundOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const failed = outcomes.filter(({ failure }) => failure !== null);
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  console.log(
    `${rounds - failed.length} of ${rounds} rounds held: ${sum(({ jobs }) => jobs)} jobs, ${sum(({ kills }) => kills)} workers killed, ${minutes} min`,
  );
  if (failed.length > 0) console.log(`failed: seeds ${failed.map(({ seed }) => seed).join(", ")}`);
  return failed.length === 0;
}

function report({ seed, failure, plan, jobs, kills, tookMs }: RoundOutcome, done: number, of: number): void {
  const verdict = failure === null ? "held" : "BROKEN";
  console.log(
    `[${done}/${of}] seed ${seed}: ${verdict}; ${jobs} jobs, ${kills} kills, ${Math.round(tookMs / 1_000)} s`,
  );
  if (failure === null) return;
  console.log(`${failure}\nThe plan: ${JSON.stringify(plan)}`);
  console.log(`To repeat it: npm run test:faults -- --rounds 1 --seed ${seed}`);
}

/** Vitest in a process of its own, for these tests have a configuration of their own. */
async function runFiles(files: readonly string[]): Promise<boolean> {
  const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
  const config = fileURLToPath(new URL("vitest.config.ts", import.meta.url));
  const child = spawn(process.execPath, [vitest, "run", "--config", config, ...files], { stdio: "inherit" });
  await once(child, "exit");
  return child.exitCode === 0;
}

try {
  const { rounds, files, seed = Math.floor(Math.random() * LARGEST_SEED), "at-once": atOnce } = readOptions();
  const filesHold = rounds !== undefined || (await runFiles(files));
  const roundsHold = files.length > 0 || (await runRounds(rounds ?? ROUNDS, seed, atOnce));
  process.exitCode = filesHold && roundsHold ? 0 : 1;
} catch (error) {
  const text = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
  console.error(`${text}\n\n${USAGE}`);
  process.exitCode = 2;
}
