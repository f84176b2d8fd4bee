/** `defender-actions ops`: the board, health and metrics. */
import type { Command } from "commander";
import { runOps } from "../ops.ts";

export function defineOps(command: Command): void {
  command.action(async () => {
    process.exitCode = await runOps();
  });
}
