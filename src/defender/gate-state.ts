/** What all workers know of a gate beside its slots: pause, probe, pace, and when calls leave their windows. */
import type { Cluster, Redis, Result } from "ioredis";
import { z } from "zod";
import { Failure, type HeldBack } from "../contract/failure.ts";
import { type GateLimit, type Paused, parseLimit, parsePaused } from "./gate-limit.ts";
import {
  ADMIT,
  END_PROBE,
  ENTER,
  PAUSE,
  PROBE_LEASE_MS,
  PROBE_LOOK_MS,
  READ_LIMIT,
  READ_SPENT,
  RESCORE,
} from "./gate-scripts.ts";

declare module "ioredis" {
  interface RedisCommander<Context> {
    gateEnter(keyCount: number, ...keysAndArgs: (string | number)[]): Result<unknown, Context>;
    gateAdmit(keyCount: number, ...keysAndArgs: (string | number)[]): Result<unknown, Context>;
    gateRescore(keyCount: number, ...keysAndArgs: (string | number)[]): Result<unknown, Context>;
    gateEndProbe(keyCount: number, ...keysAndArgs: (string | number)[]): Result<unknown, Context>;
  }
}

/** One window as a call sees it: the set its calls are counted in, how many it takes, how long a call stays in it. */
export interface CountedWindow {
  key: string;
  calls: number;
  holdMs: number;
}

const verdictSchema = z.tuple(
  [z.enum(["go", "probe", "expired", "paused", "probing", "paced", "full", "soon"]), z.number()],
  z.number(),
);
/** `hasPlace`: the call is counted already, because the limit is lowered. */
export type Verdict = { kind: z.infer<typeof verdictSchema>[0]; ms: number; hasPlace: boolean };

const spentSchema = z.array(z.number());

export interface Entry {
  expiresAtMs: number | null;
  /** How far away a slot, or a turn after a pause, may be. */
  slotMs: number;
  turnMs: number;
  /** From here until the call is sent, at most. */
  placeMs: number;
}

export interface GateStateOptions {
  redis: Redis | Cluster;
  /** What the keys begin with, hash tag included. */
  base: string;
  /** After a pause, calls are `spacingMs` apart for `paceMs`. */
  paceMs: number;
  spacingMs: number;
}

export class GateState {
  readonly #redis: Redis | Cluster;
  readonly #key: string;
  readonly #paceMs: number;
  readonly #spacingMs: number;

  constructor({ redis, base, paceMs, spacingMs }: GateStateOptions) {
    this.#redis = redis;
    this.#key = `${base}:pause`;
    this.#paceMs = paceMs;
    this.#spacingMs = spacingMs;
    redis.defineCommand("gateEnter", { lua: ENTER });
    redis.defineCommand("gateAdmit", { lua: ADMIT });
    redis.defineCommand("gateRescore", { lua: RESCORE });
    redis.defineCommand("gateEndProbe", { lua: END_PROBE });
  }

  /**
   * Before slots are taken: `go`, or `probe` when everybody else waits for this call, both after `ms` (its turn after a
   * pause); else how long to stay away. Slots and turns that are further away than the patience for them count as a no.
   * `soon`: below a lowered limit there may be a place in `ms`; ask again then. A place that is not used is given back by
   * `unsent`, or after `placeMs` more than a call stays in its window.
   */
  async enter(
    call: string,
    windows: readonly CountedWindow[],
    { expiresAtMs, slotMs, turnMs, placeMs }: Entry,
  ): Promise<Verdict> {
    const keys = this.#keys(windows);
    const args = [call, expiresAtMs ?? "", slotMs, turnMs, this.#spacingMs, placeMs, ...argsOf(windows)];
    return parseVerdict(await this.#redis.gateEnter(keys.length, ...keys, ...args));
  }

  /** What `enter` would say to a call that waits for nothing; takes neither the probe nor a turn. */
  look(windows: readonly CountedWindow[]): Promise<Verdict> {
    return this.enter("", windows, { expiresAtMs: null, slotMs: 0, turnMs: 0, placeMs: 0 });
  }

  /**
   * The last check before a call leaves; `probe` is a `go` on which everybody else waits. Here `paced` means that the
   * call is early by `ms`: slots may delay one call's turn into the next one's. The `ms` of a call that may go is when that
   * was decided, on Redis's clock.
   */
  async admit(
    call: string,
    windows: readonly CountedWindow[],
    { expiresAtMs, sendMs }: { expiresAtMs: number | null; sendMs: number },
  ): Promise<Verdict> {
    const keys = this.#keys(windows);
    const args = [call, expiresAtMs ?? "", this.#spacingMs, sendMs, ...argsOf(windows)];
    return parseVerdict(await this.#redis.gateAdmit(keys.length, ...keys, ...args));
  }

  /** The call was sent this moment: its time in the windows starts. */
  async sent(call: string, windows: readonly CountedWindow[]): Promise<void> {
    await this.#rescore(call, windows, (window) => window.holdMs);
  }

  /** The call was not sent after all. */
  async unsent(call: string, windows: readonly CountedWindow[]): Promise<void> {
    await this.#rescore(call, windows, () => 0);
  }

  /** Closes the gate. `admittedAtMs`: when a call was let go that was one too many for Defender, though not for us. */
  async pause(retryAfterMs: number | null, admittedAtMs: number | null = null): Promise<Paused> {
    const args = [retryAfterMs ?? "", Math.random(), admittedAtMs ?? ""];
    // EVAL, not a command by its hash: after a loss of Redis this one has to arrive before the limiters are set up anew.
    return parsePaused(await this.#redis.eval(PAUSE, 1, this.#key, ...args));
  }

  async limit(): Promise<GateLimit> {
    return parseLimit(await this.#redis.eval(READ_LIMIT, 1, this.#key));
  }

  /** How many calls are in each window this moment. */
  async spent(windows: readonly CountedWindow[]): Promise<number[]> {
    const keys = windows.map(({ key }) => key);
    return spentSchema.parse(await this.#redis.eval(READ_SPENT, keys.length, ...keys));
  }

  /** `passed`: Defender takes calls again. Otherwise the probe is free for another call. */
  async endProbe(call: string, passed: boolean): Promise<void> {
    await this.#redis.gateEndProbe(1, this.#key, call, passed ? "1" : "", this.#paceMs, this.#spacingMs);
  }

  async #rescore(
    call: string,
    windows: readonly CountedWindow[],
    staysMs: (window: CountedWindow) => number,
  ): Promise<void> {
    const keys = this.#keys(windows);
    await this.#redis.gateRescore(keys.length, ...keys, call, ...windows.map(staysMs));
  }

  #keys(windows: readonly CountedWindow[]): string[] {
    return [this.#key, ...windows.map(({ key }) => key)];
  }
}

function argsOf(windows: readonly CountedWindow[]): number[] {
  return [...windows.map(({ calls }) => calls), ...windows.map(({ holdMs }) => holdMs)];
}

function parseVerdict(reply: unknown): Verdict {
  const [kind, ms, hasPlace] = verdictSchema.parse(reply);
  return { kind, ms, hasPlace: hasPlace === 1 };
}

/** Milliseconds to stay away; 0 when a call may go. A probe is looked after again once it has been out for twice as long. */
export function retryMsOf({ kind, ms }: Verdict): number {
  if (kind === "go" || kind === "probe") return 0;
  if (kind !== "probing") return ms;
  const outMs = PROBE_LEASE_MS - ms;
  return Math.min(ms, Math.max(outMs, PROBE_LOOK_MS));
}

/** Passes a verdict that lets the call go; turns every other one into the Failure it means. */
export function demand(verdict: Verdict): Verdict {
  if (verdict.kind === "go" || verdict.kind === "probe") return verdict;
  if (verdict.kind === "expired") throw new Failure("expired", "the job expired before its call was sent");
  throw heldBack(verdict.kind === "full" ? "quota" : "throttled", retryMsOf(verdict));
}

export function heldBack(by: HeldBack, retryAfterMs: number): Failure {
  const why = by === "quota" ? "the quota is used up for now" : "Defender asked to wait";
  return new Failure("throttled", `${why}; nothing was sent`, { heldBack: by, retryAfterMs });
}
