/** Stays with a run until it is over, paused, or left by Ctrl-C; then says how it ended or how to come back. */
import { isOver, type RunStatus } from "../../../src/bulk/run.ts";
import { EXIT } from "../../../src/exit.ts";
import { printJsonLine, printText, tell } from "../../../src/output.ts";
import type { Client } from "../../client.ts";
import { openProgress } from "./progress.ts";
import { exitCodeOfRun, formatNext, formatRun } from "./run-text.ts";

export async function followRun(
  client: Client,
  runId: string,
  { signal, json = false }: { signal: AbortSignal; json?: boolean | undefined },
): Promise<void> {
  const { quota } = await client.bulk.look(runId, { isAsked: false });
  const progress = openProgress(quota, { json, isTerminal: process.stderr.isTTY });
  let last: RunStatus | undefined;
  try {
    for await (const run of client.bulk.follow(runId, { signal })) {
      last = run;
      await progress.show(run);
    }
  } finally {
    progress.close();
  }
  const run = last ?? (await client.bulk.status(runId));
  const isLeft = signal.aborted && !isOver(run.state) && run.state !== "paused";
  process.exitCode = isLeft ? EXIT.unfinished : exitCodeOfRun(run);
  if (json) return await printJsonLine({ event: isLeft ? "detached" : "ended", run });
  if (isLeft) tell("Detached; the run goes on without you.");
  else await printText(formatRun(run));
  const next = formatNext(run);
  if (next.length > 0) tell(next.join("\n"));
}
