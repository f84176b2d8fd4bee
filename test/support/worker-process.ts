/** A worker as a process of its own, started by its shipped command. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";

const logLine = z.looseObject({ event: z.string() });
export type LogLine = z.infer<typeof logLine>;

const COMMAND = [new URL("../../dist/src/cli.js", import.meta.url).pathname, "worker"];

export interface WorkerProcess {
  readonly pid: number;
  /** Everything it has logged so far, one JSON text a line. */
  readonly log: readonly string[];
  /** The first log line of one of these events, past or to come; rejects when the process ends before. */
  event(...names: readonly string[]): Promise<LogLine>;
  /** Settles with its exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Resolves once it has stopped running, as SIGSTOP from a fault point makes it. */
  frozen(): Promise<void>;
  /** SIGSTOP and SIGCONT, which do not end it. */
  send(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Ends it, frozen or not; gives its exit code. */
  kill(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

/** `NODE_OPTIONS` under which a process takes the time of day for another. */
export function clockOffset(offsetMs: number): Readonly<Record<string, string>> {
  const shim = `const now=Date.now,D=Date;globalThis.Date=class extends D{constructor(...a){super(...(a.length?a:[now()+${offsetMs}]))}static now(){return now()+${offsetMs}}};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shim)}` };
}

/** Resolves once it takes jobs; `onStart` gets it before that, for it may never be. `env` is all that it has beside the PATH. */
export async function startWorkerProcess(
  env: Readonly<Record<string, string>>,
  onStart: (worker: WorkerProcess) => void = () => {},
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, COMMAND, {
    env: { PATH: process.env["PATH"] ?? "", LOG_LEVEL: "debug", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit").then(() => child.exitCode);
  const log: string[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    log.push(line);
    for (const listener of listeners) listener();
  });

  function find(names: readonly string[]): LogLine | undefined {
    for (const line of log) {
      if (!names.some((name) => line.includes(`"${name}"`))) continue;
      const parsed = logLine.safeParse(JSON.parse(line));
      if (parsed.success && names.includes(parsed.data.event)) return parsed.data;
    }
    return undefined;
  }

  const worker: WorkerProcess = {
    pid: child.pid ?? 0,
    log,
    ended,
    event(...names) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const line = find(names);
          if (line === undefined) return;
          listeners.delete(look);
          resolve(line);
        };
        listeners.add(look);
        look();
        void ended.then(() =>
          reject(new Error(`the worker ended before ${names}:\n${log.slice(-20).join("\n")}`)),
        );
      });
    },
    async frozen() {
      while (isRunning(child) && (await stateOf(child)) !== "T") await sleep(LOOK_EVERY_MS);
    },
    send(signal) {
      child.kill(signal);
    },
    async kill(signal) {
      if (isRunning(child)) {
        child.kill(signal);
        child.kill("SIGCONT");
      }
      return await ended;
    },
  };
  onStart(worker);
  await worker.event("worker.ready");
  return worker;
}

const LOOK_EVERY_MS = 20;

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** The letter that `ps` shows: no event tells that a process was frozen. */
async function stateOf({ pid }: ChildProcess): Promise<string> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "stat=", "-p", String(pid)]);
  return stdout.trim().slice(0, 1);
}
