/** A worker as a process of its own, started by its shipped command. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { z } from "zod";

const logLine = z.looseObject({ event: z.string() });
export type LogLine = z.infer<typeof logLine>;

const COMMAND = [new URL("../../dist/src/cli.js", import.meta.url).pathname, "worker"];

export interface WorkerProcess {
  /** Everything it has logged so far, one JSON text a line. */
  readonly log: readonly string[];
  /** The first log line of an event, past or to come; rejects when the process ends before. */
  event(name: string): Promise<LogLine>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/** Resolves once it takes jobs. `env` is all that it gets beside the PATH. */
export async function startWorkerProcess(env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const child = spawn(process.execPath, COMMAND, {
    env: { PATH: process.env["PATH"] ?? "", LOG_LEVEL: "debug", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const log: string[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    log.push(line);
    for (const listener of listeners) listener();
  });

  function find(name: string): LogLine | undefined {
    for (const line of log) {
      if (!line.includes(`"${name}"`)) continue;
      const parsed = logLine.safeParse(JSON.parse(line));
      if (parsed.success && parsed.data.event === name) return parsed.data;
    }
    return undefined;
  }

  const worker: WorkerProcess = {
    log,
    event(name) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const line = find(name);
          if (line === undefined) return;
          listeners.delete(look);
          resolve(line);
        };
        listeners.add(look);
        look();
        void ended.then(() =>
          reject(new Error(`the worker ended before ${name}:\n${log.slice(-20).join("\n")}`)),
        );
      });
    },
    async kill(signal) {
      if (isRunning(child)) child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
  await worker.event("worker.ready");
  return worker;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
