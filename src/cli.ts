#!/usr/bin/env node
/** The bin: a table of commands, each loaded only when it is asked for, so that a producer's command never loads Defender code. */
import { createRequire } from "node:module";
import { Command } from "commander";
import { z } from "zod";
import { loadFault } from "./config.ts";
import { EXIT, endingOf } from "./exit.ts";
import { armFault } from "./fault-point.ts";
import { flushOutput, tell } from "./output.ts";

interface CommandEntry {
  name: string;
  summary: string;
  /** Gives what adds the command's arguments, options and action. The action sets `process.exitCode`. */
  load(): Promise<(command: Command) => void>;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: "worker",
    summary: "run jobs until SIGTERM",
    load: async () => (await import("../workers/commands/worker.ts")).defineWorker,
  },
  {
    name: "enqueue",
    summary: "ask for an action",
    load: async () => (await import("../producers/commands/enqueue.ts")).defineEnqueue,
  },
  {
    name: "results",
    summary: "read, follow or export results",
    load: async () => (await import("../producers/commands/results.ts")).defineResults,
  },
  {
    name: "cancel",
    summary: "take a job back before it is sent",
    load: async () => (await import("../producers/commands/cancel.ts")).defineCancel,
  },
  {
    name: "failed",
    summary: "list jobs that failed for good, by reason",
    load: async () => (await import("../producers/commands/failed.ts")).defineFailed,
  },
  {
    name: "retry",
    summary: "ask for failed jobs again",
    load: async () => (await import("../producers/commands/retry.ts")).defineRetry,
  },
  {
    name: "settle",
    summary: "say what became of a write whose outcome is unknown",
    load: async () => (await import("../producers/commands/settle.ts")).defineSettle,
  },
  {
    name: "pause",
    summary: "hold everything, an instance, a lane or all writes back",
    load: async () => (await import("../producers/commands/pause.ts")).definePause,
  },
  {
    name: "unpause",
    summary: "let what is paused go on",
    load: async () => (await import("../producers/commands/pause.ts")).defineUnpause,
  },
  {
    name: "bulk",
    summary: "change many incidents in a run that can be paused, reported and undone",
    load: async () => (await import("../producers/commands/bulk/bulk.ts")).defineBulk,
  },
  {
    name: "api",
    summary: "serve enqueue and results over HTTP",
    load: async () => (await import("../producers/commands/api.ts")).defineApi,
  },
  {
    name: "audit",
    summary: "read who asked for what, what was sent, and what came of it",
    load: async () => (await import("../producers/commands/audit.ts")).defineAudit,
  },
  {
    name: "actions",
    summary: "list the actions and their arguments",
    load: async () => (await import("../producers/commands/actions.ts")).defineActions,
  },
  {
    name: "mcp",
    summary: "offer the actions to an agent as MCP tools, on standard input and output",
    load: async () => (await import("../producers/commands/mcp.ts")).defineMcp,
  },
  {
    name: "check",
    summary: "prove configuration, Redis, token and permissions",
    load: async () => (await import("../workers/commands/check.ts")).defineCheck,
  },
  {
    name: "ops",
    summary: "serve the board, health and metrics",
    load: async () => (await import("../workers/commands/ops.ts")).defineOps,
  },
  {
    name: "redis-users",
    summary: "make users of least privilege for Redis",
    load: async () => (await import("../producers/commands/redis-users.ts")).defineRedisUsers,
  },
];

const packageSchema = z.object({ name: z.string(), version: z.string(), description: z.string() });

async function run(args: readonly string[]): Promise<void> {
  const about = packageSchema.parse(createRequire(import.meta.url)("defender-actions/package.json"));
  const program = new Command(about.name)
    .description(about.description)
    .version(about.version)
    .exitOverride()
    .configureOutput({ outputError: (text) => tell(text.trimEnd()) });
  const asked = args[0] === "help" ? args[1] : args[0];
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary);
    if (name === asked) (await load())(command);
  }
  await program.parseAsync([...args], { from: "user" });
}

let isEnding = false;

/** Ends the process even if something still holds it open, once its output has been read. */
async function end(error: unknown): Promise<never> {
  // When nobody reads standard error any more, to say so there is the next error: for ever, and in ever more memory.
  if (isEnding) process.exit(EXIT.failed);
  isEnding = true;
  const { code, text } = endingOf(error);
  if (text !== null) tell(text);
  await flushOutput();
  process.exit(code);
}

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on("error", () => process.exit(process.exitCode ?? EXIT.done));
process.on("uncaughtException", end);

try {
  armFault(loadFault());
  await run(process.argv.slice(2));
  await flushOutput();
  process.exit();
} catch (error) {
  await end(error);
}
