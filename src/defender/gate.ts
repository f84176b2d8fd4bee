/** The gate of a lane: what keeps all workers together inside a quota, and out of it while Defender says to wait. */
import type { Cluster, Redis } from "ioredis";
import type { Window } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import type { Priority } from "../contract/job.ts";

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
   * Apart from what `call` itself throws, throws a Failure: `throttled` (with `heldBack` and `retryAfterMs`) or `expired`.
   */
  run<T>(passage: Passage, call: (sent: () => void) => Promise<T>): Promise<T>;
  /**
   * Holds back every worker on this gate for `retryAfterMs` (at most an hour, on Redis's clock, never shortening a
   * pause); without it, backs off exponentially. Returns the milliseconds to wait.
   */
  pause(retryAfterMs?: number): Promise<number>;
  /** Milliseconds until calls of this priority may go again, because of a pause or full windows; 0 now. Reads only. */
  heldForMs(priority: Priority): Promise<number>;
  /** Ends the connection; slots that are held stay held in Redis until their window is over. */
  close(): Promise<void>;
}

/** Opens a gate and tests that its limiter recovers from lost state; throws `internal_error` if it does not. */
export async function openGate(options: GateOptions): Promise<Gate> {
  throw new Failure("internal_error", `the gate ${options.id} is not built yet`);
}
