/** Starts gate workers as processes, and judges what they sent. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Window } from "../../src/config.ts";
import type { WorkerSettings } from "./gate-worker.ts";

const WORKER = fileURLToPath(new URL("gate-worker.ts", import.meta.url));

export interface Sent {
  worker: string;
  atMs: number;
}

/** Milliseconds on the clock that the workers print. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Fleet {
  readonly sent: Sent[] = [];
  /** Calls that took their slots and never send. */
  hanging = 0;
  readonly #events = new EventEmitter();
  readonly #workers = new Map<string, ChildProcess>();

  /** Starts a worker; `clockOffsetMs` shifts what it takes for the time of day. */
  start(name: string, settings: WorkerSettings, clockOffsetMs = 0): void {
    const shim = `data:text/javascript,const now = Date.now; Date.now = () => now() + ${clockOffsetMs};`;
    const args = ["--import", shim, "--import", "tsx", WORKER, JSON.stringify(settings)];
    const worker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#workers.set(name, worker);
    createInterface(worker.stdout).on("line", (line) => {
      const [what, at] = line.split(" ");
      if (what === "hangs") this.hanging += 1;
      if (what === "sent") this.sent.push({ worker: name, atMs: Number(at) });
      this.#events.emit("line");
    });
  }

  /** When something was sent that fulfils it. */
  async until(fulfilled: () => boolean): Promise<void> {
    while (!fulfilled()) await once(this.#events, "line");
  }

  async kill(name: string): Promise<void> {
    const worker = this.#workers.get(name);
    if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return;
    const closed = once(worker, "close");
    worker.kill("SIGKILL");
    await closed;
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#workers.keys()].map((name) => this.kill(name)));
  }
}

export function timesOf(sent: readonly Sent[]): number[] {
  return sent.map(({ atMs }) => atMs).sort((a, b) => a - b);
}

/** The time that the limits alone leave for that many calls, as a part of the time they took. */
export function shareReached(times: readonly number[], windows: readonly Window[]): number {
  const ideal: number[] = [];
  for (let call = 0; call < times.length; call += 1) {
    ideal.push(
      Math.max(0, ...windows.map(({ calls, windowMs }) => (ideal[call - calls] ?? -windowMs) + windowMs)),
    );
  }
  const took = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return (ideal.at(-1) ?? 0) / took;
}
