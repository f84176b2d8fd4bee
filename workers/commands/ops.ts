/** `defender-actions ops`: the board, health and metrics; and the hashes of its passwords. */
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { Failure } from "../../src/contract/failure.ts";
import { print, tell } from "../../src/output.ts";

const SHORTEST_PASSWORD = 8;

export function defineOps(command: Command): void {
  command.action(async () => {
    const { runOps } = await import("../ops.ts");
    process.exitCode = await runOps();
  });
  command
    .command("hash-password")
    .description("read a password from standard input and print its hash, for OPS_USERS=name:role:hash")
    .action(async () => {
      const { hashPassword } = await import("../../src/ops/password.ts");
      if (process.stdin.isTTY) tell("Type the password (it shows), then Enter and Ctrl-D.");
      // The line's end is not part of it.
      const password = (await text(process.stdin)).replace(/\r?\n$/, "");
      if (password.length < SHORTEST_PASSWORD || /[\r\n]/.test(password))
        throw new Failure(
          "invalid_input",
          `password: given ${password.length} characters; allowed: one line of ${SHORTEST_PASSWORD} or more`,
        );
      await print(`${await hashPassword(password)}\n`);
    });
}
