/** One slot of one window, and the arithmetic of windows. */
import type { Window } from "../config.ts";

/** How long a slot is held after the call was sent: the window, and what the network may stretch or squeeze. */
export function holdMsOf(window: Window): number {
  return window.windowMs + Math.max(Math.ceil(window.windowMs / 100), 20);
}

/**
 * Defender counts a call when it arrives, and only its answer proves that. One that is not answered may be on its way for
 * so long, on a busy machine or line; guards that are longer than this need no answer.
 */
export const LONGEST_WAY_MS = 250;

/** The calls of a window that bulk may hold: rounded down, at least one. */
export function bulkCallsOf(window: Window, bulkShare: number): number {
  return Math.max(1, Math.floor(window.calls * bulkShare));
}

/** One slot of one window: waited for, then held, until `end`. Rejects `granted` when Redis cannot say. */
export class Slot {
  readonly granted: Promise<void>;
  readonly ended: Promise<void>;
  readonly #holdMs: number;
  readonly #windowMs: number;
  isOver = false;
  grant: () => void = () => {};
  refuse: (error: unknown) => void = () => {};
  #end: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(holdMs: number, windowMs: number) {
    this.#holdMs = holdMs;
    this.#windowMs = windowMs;
    this.granted = new Promise((resolve, reject) => {
      this.grant = resolve;
      this.refuse = reject;
    });
    this.granted.catch(() => {}); // whoever gave up no longer listens
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Gives the slot back; one that is still waited for goes back the moment it is granted. */
  end(): void {
    this.isOver = true;
    this.#end();
  }

  /** The call was sent this moment: keeps the slot for the rest of its window, however late it arrives. */
  endAfterWindow(): void {
    this.#endIn(Math.max(this.#holdMs, this.#windowMs + LONGEST_WAY_MS));
  }

  /** The call was answered `ms` after it was sent, so it arrived by then. */
  answeredAfter(ms: number): void {
    const guardMs = this.#holdMs - this.#windowMs;
    this.#endIn(this.#windowMs + Math.max(guardMs, Math.min(ms, LONGEST_WAY_MS)) - ms);
  }

  #endIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), Math.max(0, ms)).unref();
  }
}
