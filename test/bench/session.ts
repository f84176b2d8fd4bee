/** What every bench runs in: options read to one sentence, what runs beside it taken down, one sentence when it does not get to its end. */
import type { Command } from "commander";
import { z } from "zod";
import { EXIT, endingOf } from "../../src/exit.ts";
import { flushOutput, tell } from "../../src/output.ts";
import { Cleanup } from "../demo/processes.ts";

export interface Session {
  readonly cleanup: Cleanup;
  /** Aborted by Ctrl-C and the like. */
  readonly signal: AbortSignal;
}

/** For options that say how many. */
export const count = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, "Allowed: a whole number from 1 to 999999.")
  .transform(Number);

/** Ends the process: 0 when `bench` is through, 1 when not, 2 for options that cannot be. */
export async function runBench<Options extends object>(
  command: Command,
  bench: (options: Options, session: Session) => Promise<void>,
): Promise<never> {
  const code = await tryBench(command, bench);
  await flushOutput();
  process.exit(code);
}

async function tryBench<Options extends object>(
  command: Command,
  bench: (options: Options, session: Session) => Promise<void>,
): Promise<number> {
  try {
    command.exitOverride().parse();
  } catch (error) {
    return endingOf(error).code;
  }
  const cleanup = new Cleanup();
  const interrupt = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    interrupt.signal.addEventListener("abort", () => reject(interrupt.signal.reason), { once: true });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => interrupt.abort(new Error(`stopped by ${signal}`)));

  const problems: unknown[] = [];
  const { signal } = interrupt;
  await Promise.race([bench(command.opts<Options>(), { cleanup, signal }), interrupted]).catch(
    (error: unknown) => problems.push(error),
  );
  problems.push(...(await cleanup.run()));
  if (problems.length === 0) return EXIT.done;
  const [first] = problems;
  tell(`The bench did not get to its end: ${first instanceof Error ? first.message : String(first)}`);
  return EXIT.failed;
}
