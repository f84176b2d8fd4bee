/** Commands on a run that is there: list, status, pause, resume, cancel, retry-failed. */
import type { Command } from "commander";
import type { RunStatus } from "../../../src/bulk/run.ts";
import { waitForSignal } from "../../../src/lifecycle.ts";
import { printJson, printText, tell } from "../../../src/output.ts";
import type { Bulk } from "../../client.ts";
import { withClient } from "../session.ts";
import { followRun } from "./follow.ts";
import { formatNext, formatRun, formatRuns } from "./run-text.ts";

interface Options {
  follow?: boolean;
  json?: boolean;
}

export function defineList(command: Command): void {
  command.option("--json", "print JSON: an array, newest first").action(async ({ json }: Options) => {
    const runs = await withClient((client) => client.bulk.list());
    await (json ? printJson(runs) : printText(formatRuns(runs)));
  });
}

export function defineStatus(command: Command): void {
  command
    .argument("<run>", "the run")
    .option("--follow", "stay with it until it is over or paused, or Ctrl-C")
    .option("--json", "print JSON; with --follow an event a line")
    .action(async (runId: string, { follow, json }: Options) => {
      await withClient(async (client) => {
        if (!follow) return await show(await client.bulk.status(runId), json);
        const stop = new AbortController();
        void waitForSignal().then(() => stop.abort());
        await followRun(client, runId, { signal: stop.signal, json });
      });
    });
}

/** Gives what defines a command that does one thing to a run, and shows how it stands then. */
export function steering(act: (bulk: Bulk, runId: string) => Promise<RunStatus>): (command: Command) => void {
  return (command) => {
    command
      .argument("<run>", "the run")
      .option("--json", "print JSON")
      .action(async (runId: string, { json }: Options) => {
        await show(await withClient((client) => act(client.bulk, runId)), json);
      });
  };
}

async function show(run: RunStatus, json: boolean | undefined): Promise<void> {
  if (json) return await printJson(run);
  await printText(formatRun(run));
  const next = formatNext(run);
  if (next.length > 0) tell(next.join("\n"));
}
