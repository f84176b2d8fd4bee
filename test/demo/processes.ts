/** What the demo runs beside itself, and taking it down again: the last thing started is the first to go. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const COMMAND = fileURLToPath(new URL("../../dist/src/cli.js", import.meta.url));

/** Runs a command of `defender-actions` to its end and gives what it printed; rejects unless it exits 0. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  return stdout.trimEnd();
}

/** Everything that must be undone, also what is still being started when the end comes. */
export class Cleanup {
  readonly #undo: (() => Promise<void>)[] = [];

  /** Registers the way back before the thing is there: a start that is interrupted is undone too. */
  async start<T>(starting: Promise<T>, undo: (started: T) => Promise<void>): Promise<T> {
    this.#undo.push(async () => {
      const started = await starting.catch(() => null);
      if (started !== null) await undo(started);
    });
    return await starting;
  }

  /** Undoes all of it, whatever fails on the way; the failures are given. */
  async run(): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop())
      await undo().catch((error: unknown) => failures.push(error));
    return failures;
  }
}
