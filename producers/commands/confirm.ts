/** Asks a person on a terminal; answers go the way of standard error, which leaves standard output to data. */
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

export function isOnTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** True for `y` or `yes`; anything else, the end of input and Ctrl-C mean no. */
export async function confirm(
  question: string,
  { input, output }: { input: Readable; output: Writable } = { input: process.stdin, output: process.stderr },
): Promise<boolean> {
  const lines = createInterface({ input, output });
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once("close", () => resolve(""));
      lines.question(`${question} [y/N] `, resolve);
    });
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    lines.close();
  }
}
