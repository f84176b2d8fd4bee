/** The record of every arrival and every applied effect, which tests read and wait on over HTTP. */
import { performance } from "node:perf_hooks";
import type { JsonValue } from "./json.ts";

export type Lane = "incidents" | "hunting" | "token" | "other";

export interface Arrival {
  seq: number;
  /** Unix time in milliseconds, with decimals: when the request's head had been read. */
  timeMs: number;
  lane: Lane;
  method: string;
  path: string;
  query: Record<string, string>;
  /** Parsed JSON or form, else text; secrets are blanked. Null until the body is in. */
  body: JsonValue;
  tenant: string | null;
  clientRequestId: string | null;
  requestId: string;
  /** Spent from the lane's quota. */
  counted: boolean;
  /** Refused by the quota. */
  rejected: boolean;
  /** A scripted fault shaped the answer. */
  faulted: boolean;
  /** Null while it is being served; `reset` or `hung` when no answer was sent, `closed` when the caller had left. */
  status: number | "reset" | "hung" | "closed" | null;
}

export interface Effect {
  seq: number;
  timeMs: number;
  kind: "patch" | "comment";
  incidentId: string;
  what: JsonValue;
}

export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

type Entry = { list: "arrivals"; entry: Arrival } | { list: "effects"; entry: Effect };
type Waiter = () => void;

export class Ledger {
  enabled = true;
  #arrivals: Arrival[] = [];
  #effects: Effect[] = [];
  #seq = 0;
  readonly #waiters = new Set<Waiter>();

  add({ list, entry }: Entry): void {
    this.#seq += 1;
    entry.seq = this.#seq;
    if (!this.enabled) return;
    if (list === "arrivals") this.#arrivals.push(entry);
    else this.#effects.push(entry);
    this.changed();
  }

  /** Wakes whoever waits: an entry came, or one of them changed. */
  changed(): void {
    for (const waiter of this.#waiters) waiter();
  }

  read(): { arrivals: Arrival[]; effects: Effect[] } {
    return { arrivals: this.#arrivals, effects: this.#effects };
  }

  /** How often each incident was patched, and commented on. */
  countEffects(): Record<Effect["kind"], Record<string, number>> {
    const counts: Record<Effect["kind"], Record<string, number>> = { patch: {}, comment: {} };
    for (const { kind, incidentId } of this.#effects)
      counts[kind][incidentId] = (counts[kind][incidentId] ?? 0) + 1;
    return counts;
  }

  clear(): void {
    this.#arrivals = [];
    this.#effects = [];
  }

  /** Resolves with what `find` finds as soon as it has `count` entries, or with fewer when the time is up. */
  waitFor<T>(find: () => T[], count: number, timeoutMs: number): Promise<T[]> {
    return new Promise((resolve) => {
      const finish = (found: T[]) => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(found);
      };
      const check = () => {
        const found = find();
        if (found.length >= count) finish(found);
      };
      const timer = setTimeout(() => finish(find()), timeoutMs);
      timer.unref();
      this.#waiters.add(check);
      check();
    });
  }
}
