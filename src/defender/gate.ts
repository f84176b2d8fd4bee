/** The gate of a lane: what keeps all workers together inside a quota, and out of it while Defender says to wait. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Redis } from "ioredis";
import type { Window } from "../config.ts";
import { Failure, toFailure } from "../contract/failure.ts";
import type { Priority } from "../contract/job.ts";
import type { GateLimit } from "./gate-limit.ts";
import { demand, GateState, heldBack, retryMsOf, type Verdict } from "./gate-state.ts";
import { OUT_OF_PATIENCE, withPatience } from "./patience.ts";
import type { Slot } from "./slot.ts";
import { LONGEST_SEND_MS, LONGEST_WAIT_MS, openSlots, type WindowSlots } from "./slots.ts";

export interface GateOptions {
  /** A connection of the gate's own (not `lazyConnect`); `close()` ends it. */
  redis: Redis | Cluster;
  prefix: string;
  /** Lane and tenant (for `incidents` also the app), already hashed: `[a-z0-9-]+`. */
  id: string;
  windows: readonly Window[];
  /** The part of every window that bulk calls may hold, between 0 and 1. */
  bulkShare: number;
  onWarning?(message: string): void;
  /** Defender refused calls below our own limits: `share` of them is left. */
  onLimitLowered?(share: number): void;
}

/** How one call passes the gate. */
export interface Passage {
  priority: Priority;
  /** Ends a wait; a Failure given as its reason is what `run` throws. */
  signal: AbortSignal;
  /** False: fail at once unless slots are free. */
  waitsForSlot: boolean;
  /** Nothing is sent past it, on Redis's clock. */
  expiresAtMs: number | null;
  /** The last look before a call leaves, with every slot in hand. It throws a Failure to stop the call. */
  beforeSend(): Promise<void>;
}

export interface Gate {
  /**
   * Runs `call` while holding a slot of every window. `call` must invoke `sent()` when its last byte was handed to the
   * socket: only then the windows' clocks start. A call that ends without it was not sent, and its slots go back at once.
   * `admittedAtMs` is when the call was let go, on Redis's clock. Apart from what `call` itself throws, throws a Failure:
   * `throttled` (with `heldBack` and `retryAfterMs`) or `expired`.
   */
  run<T>(passage: Passage, call: (sent: () => void, admittedAtMs: number) => Promise<T>): Promise<T>;
  /**
   * Holds back every worker on this gate for `retryAfterMs` (at most an hour, on Redis's clock, never shortening a
   * pause); without it, backs off exponentially. Returns the milliseconds to wait. With `admittedAtMs`, for a call that
   * was refused because of how many there were: when that happens again soon, the limits are lowered for all workers.
   */
  pause(retryAfterMs?: number, admittedAtMs?: number): Promise<number>;
  /** Milliseconds until calls of this priority may go again, because of a pause or full windows; 0 now. Reads only. */
  heldForMs(priority: Priority): Promise<number>;
  /** What is left of the configured limits. Rejects, or takes long, when Redis is away. */
  limit(): Promise<GateLimit>;
  /** How much of each configured window is used this moment, by calls of all workers. Reads only, and rejects as `limit`. */
  windows(): Promise<WindowUse[]>;
  /** Ends the connection; slots that are held stay held in Redis until their window is over. */
  close(): Promise<void>;
}

export interface WindowUse extends Window {
  spentCalls: number;
}

interface Entered {
  held: Slot[];
  probes: boolean;
  admittedAtMs: number;
}

/** A turn after a pause is waited for only if it leaves time for the slots. */
const LONGEST_TURN_MS = LONGEST_WAIT_MS / 2;
/** For `beforeSend` and the last check; the rest of `LONGEST_SEND_MS` is the call's own. */
const LONGEST_CHECK_MS = LONGEST_SEND_MS / 2;
/** From the place below a lowered limit to the last check. */
const LONGEST_PLACE_MS = LONGEST_WAIT_MS + LONGEST_SEND_MS;
/** Slots that other waiting calls hold come back sooner than the windows tell. */
const SHORTEST_RETRY_MS = 100;
const REDIS_AWAY_RETRY_MS = 1_000;

/** Opens a gate and tests that its limiter recovers from lost state; throws `internal_error` if it does not. */
export async function openGate(options: GateOptions): Promise<Gate> {
  const { redis, windows, onWarning = () => {} } = options;
  const base = `${options.prefix}:{gate:${options.id}}`;
  const shortest = windows.reduce((a, b) => (b.windowMs < a.windowMs ? b : a));
  const spacingMs = Math.ceil(shortest.windowMs / shortest.calls);
  const state = new GateState({ redis, base, paceMs: shortest.windowMs, spacingMs });
  const note = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => onWarning(`the gate's state: ${toFailure(error).message}`));
  };
  const slots = await openSlots({
    redis,
    base,
    windows,
    bulkShare: options.bulkShare,
    onWarning,
    // For a whole window: by then every process has put back what it holds.
    onLost: () => note(state.pause(shortest.windowMs)),
  });
  const processName = randomUUID();
  let calls = 0;
  let closed: Promise<void> | undefined;

  /** Takes the slots and passes the last check. If that fails, nothing is kept. */
  async function enter(passage: Passage, name: string): Promise<Entered> {
    const { signal, priority, waitsForSlot, expiresAtMs } = passage;
    const rows = slots.of[priority];
    const held: Slot[] = [];
    let probes = false;
    let mayHavePlace = false;
    try {
      await withPatience(LONGEST_WAIT_MS, signal, async (within) => {
        const endsAtMs = performance.now() + LONGEST_WAIT_MS;
        const turnMs = waitsForSlot ? LONGEST_TURN_MS : 0;
        const ask = async () => {
          const slotMs = waitsForSlot ? Math.max(0, endsAtMs - performance.now()) : 0;
          mayHavePlace = true; // until we know better: we may give up before the answer
          const answer = state.enter(name, rows, { expiresAtMs, slotMs, turnMs, placeMs: LONGEST_PLACE_MS });
          const verdict = await within(answer);
          mayHavePlace = verdict.hasPlace;
          return verdict;
        };
        let verdict = await ask();
        for (; verdict.kind === "soon"; verdict = await ask()) await within(sleep(verdict.ms));
        demand(verdict);
        probes = verdict.kind === "probe";
        if (verdict.ms > 0) await within(sleep(verdict.ms));
        for (const row of rows) {
          if (!waitsForSlot && !(await within(row.hasRoom()))) throw OUT_OF_PATIENCE;
          const slot = row.request(priority);
          held.push(slot);
          await within(slot.granted);
        }
      });
      const admittedAtMs = await withPatience(LONGEST_CHECK_MS, signal, async (within) => {
        await passage.beforeSend();
        const admit = () => within(state.admit(name, rows, { expiresAtMs, sendMs: LONGEST_SEND_MS }));
        let verdict = await admit();
        for (; verdict.kind === "paced"; verdict = await admit()) await within(sleep(verdict.ms));
        probes = demand(verdict).kind === "probe";
        return verdict.ms;
      });
      return { held, probes, admittedAtMs };
    } catch (error) {
      for (const slot of held) slot.end();
      if (mayHavePlace) note(state.unsent(name, rows));
      if (probes) note(state.endProbe(name, false));
      throw error === OUT_OF_PATIENCE ? await noSlot(rows) : whyNot(error, passage.signal);
    }
  }

  async function noSlot(rows: readonly WindowSlots[]): Promise<Failure> {
    const guess = withPatience(REDIS_AWAY_RETRY_MS, new AbortController().signal, (within) =>
      within(state.look(rows)),
    );
    const verdict = await guess.catch(
      (): Verdict => ({ kind: "full", ms: REDIS_AWAY_RETRY_MS, hasPlace: false }),
    );
    return heldBack("quota", Math.max(retryMsOf(verdict), SHORTEST_RETRY_MS));
  }

  return {
    async run(passage, call) {
      if (closed !== undefined) throw heldBack("quota", 0);
      calls += 1;
      const name = `${processName}:${calls}`;
      const rows = slots.of[passage.priority];
      const { held, probes, admittedAtMs } = await enter(passage, name);
      let isSent = false;
      let sentAtMs = 0;
      const sent = (): void => {
        if (isSent) return;
        isSent = true;
        sentAtMs = performance.now();
        note(state.sent(name, rows));
        for (const slot of held) slot.endAfterWindow();
      };
      let passes = false;
      try {
        const value = await call(sent, admittedAtMs);
        passes = isSent;
        return value;
      } catch (error) {
        passes = isSent && toFailure(error).code !== "throttled";
        throw error;
      } finally {
        if (probes) note(state.endProbe(name, passes));
        if (isSent) for (const slot of held) slot.answeredAfter(performance.now() - sentAtMs);
        else {
          for (const slot of held) slot.end();
          note(state.unsent(name, rows));
        }
      }
    },
    async pause(retryAfterMs, admittedAtMs) {
      const wantMs = retryAfterMs !== undefined && retryAfterMs > 0 ? retryAfterMs : null;
      const { ms, loweredTo } = await state.pause(wantMs, admittedAtMs);
      if (loweredTo !== null) options.onLimitLowered?.(loweredTo);
      return ms;
    },
    async heldForMs(priority) {
      return retryMsOf(await state.look(slots.of[priority]));
    },
    limit: () => state.limit(),
    async windows() {
      const all = slots.of.interactive;
      const spent = await state.spent(all);
      return all.map(({ calls, windowMs }, i) => ({ calls, windowMs, spentCalls: spent[i] ?? 0 }));
    },
    close() {
      closed ??= slots.close();
      return closed;
    },
  };
}

/** Before anything was sent, everything but a Failure means that Redis or the caller's signal stood in the way: the job goes back. */
function whyNot(error: unknown, signal: AbortSignal): Failure {
  if (error instanceof Failure) return error;
  if (signal.aborted) return heldBack("quota", 0);
  const details = { heldBack: "quota", retryAfterMs: REDIS_AWAY_RETRY_MS } as const;
  return new Failure("throttled", `the gate cannot ask Redis: ${toFailure(error).message}`, details);
}
