/** `defender-actions bulk`: runs over many incidents. */
import type { Command } from "commander";
import { defineReclassify, defineUndo } from "./reclassify.ts";
import { defineReport } from "./report.ts";
import { defineList, defineStatus, steering } from "./steer.ts";

export function defineBulk(command: Command): void {
  const add = (name: string, summary: string, define: (command: Command) => void) =>
    define(command.command(name).description(summary));
  add("reclassify", "change many incidents, after a look at what that would be", defineReclassify);
  add("list", "all runs, newest first", defineList);
  add("status", "how a run stands, or how it goes on", defineStatus);
  add(
    "pause",
    "finish what is in hand, and begin nothing else",
    steering((bulk, run) => bulk.pause(run)),
  );
  add(
    "resume",
    "go on with a paused run",
    steering((bulk, run) => bulk.resume(run)),
  );
  add(
    "cancel",
    "end a run for good",
    steering((bulk, run) => bulk.cancel(run)),
  );
  add(
    "retry-failed",
    "try what failed once more",
    steering((bulk, run) => bulk.retryFailed(run)),
  );
  add("report", "what became of each incident", defineReport);
  add("undo", "put back what was there before a run", defineUndo);
}
