/** The slots of a gate's windows, counted for all workers by clustered Bottleneck limiters: the one file that uses Bottleneck. */
import { randomUUID } from "node:crypto";
import Bottleneck from "bottleneck";
import { type Cluster, Redis } from "ioredis";
import type { Window } from "../config.ts";
import { Failure, toFailure } from "../contract/failure.ts";
import type { Priority } from "../contract/job.ts";
import type { CountedWindow } from "./gate-state.ts";
import { type LostState, repairScripts } from "./limiter-repair.ts";
import { bulkCallsOf, holdMsOf, LONGEST_WAY_MS, Slot } from "./slot.ts";

/** Nobody waits longer inside the gate, so that a waiting call does not occupy a worker. */
export const LONGEST_WAIT_MS = 2_000;
/** From the last slot to the last byte on the socket. A call that takes longer gets its slots anew when they expire. */
export const LONGEST_SEND_MS = 5_000;

/** How soon the slots of a killed process are noticed to be free, and a loss of Redis's state is noticed. */
const HEARTBEAT_MS = 500;
const CLIENT_TIMEOUT_MS = 10_000;
/** Forgotten state would open the gate anew, so it outlives every window and the quietest week. */
const STATE_TTL_MS = 7 * 24 * 3_600_000;
const SELF_TEST_MS = 5_000;
const CLOSE_MS = 1_000;

const QUEUE_ORDER = { putBack: 0, interactive: 4, bulk: 5 } as const;

/** The slots of one window, or of bulk's share of it. */
export class WindowSlots implements CountedWindow {
  readonly key: string;
  readonly calls: number;
  readonly windowMs: number;
  readonly holdMs: number;
  readonly #limiter: Bottleneck;
  readonly #onWarning: (message: string) => void;
  readonly #held = new Set<Slot>();
  #recovering = false;

  constructor(
    limiter: Bottleneck,
    counted: CountedWindow,
    windowMs: number,
    onWarning: (message: string) => void,
  ) {
    this.windowMs = windowMs;
    this.#limiter = limiter;
    this.key = counted.key;
    this.calls = counted.calls;
    this.holdMs = counted.holdMs;
    this.#onWarning = onWarning;
  }

  /** Asks for a slot; the caller ends it, granted or not. */
  request(priority: Priority): Slot {
    const slot = new Slot(this.holdMs, this.windowMs);
    this.#schedule(slot, QUEUE_ORDER[priority]);
    return slot;
  }

  /** Whether a slot is free this moment. */
  hasRoom(): Promise<boolean> {
    return this.#limiter.check();
  }

  /** Sets the limiter up anew in Redis and puts back what this process still holds. */
  recover(lost: LostState): void {
    if (this.#recovering) return;
    const held = [...this.#held];
    // A process that was silent for long is forgotten too; without slots it has nothing to put back.
    if (lost === "UNKNOWN_CLIENT" && held.length === 0) return;
    this.#recovering = true;
    this.#limiter
      .running()
      .then(() => {
        for (const slot of held) if (!slot.isOver) this.#schedule(slot, QUEUE_ORDER.putBack);
      })
      .catch((error) => this.#onWarning(`could not put slots back: ${toFailure(error).message}`))
      .finally(() => {
        this.#recovering = false;
      });
  }

  /** Lets go of Bottleneck's timers; only once the connection is closed, or Redis would hand the slots out early. */
  abandon(): void {
    for (const slot of this.#held) slot.end();
  }

  #schedule(slot: Slot, priority: number): void {
    let started = false;
    const expiration = this.holdMs + LONGEST_WAY_MS + LONGEST_WAIT_MS + LONGEST_SEND_MS;
    this.#limiter
      .schedule({ priority, expiration }, async () => {
        started = true;
        if (slot.isOver) return;
        this.#held.add(slot);
        slot.grant();
        await slot.ended;
        this.#held.delete(slot);
      })
      .catch((error: unknown) => {
        // It expired while the call is still on its way out: the window is counted from when that was sent.
        if (started && !slot.isOver) this.#schedule(slot, QUEUE_ORDER.putBack);
        else slot.refuse(error);
      });
  }
}

export interface SlotsOptions {
  redis: Redis | Cluster;
  /** What the keys begin with, hash tag included. */
  base: string;
  windows: readonly Window[];
  bulkShare: number;
  /** Called before a lost limiter is set up anew, at the moment the loss is seen. */
  onLost(): void;
  onWarning(message: string): void;
}

export interface Slots {
  /** What a call has to take, outermost (longest window) first. */
  readonly of: Readonly<Record<Priority, readonly WindowSlots[]>>;
  close(): Promise<void>;
}

/** Connects the limiters and proves that they recover; throws `internal_error` if they do not. */
export async function openSlots(options: SlotsOptions): Promise<Slots> {
  const { redis, base, bulkShare } = options;
  const bySettingsKey = new Map<string, WindowSlots>();
  const limiters: Bottleneck[] = [];
  let closing = false;
  const warn = (message: string) => {
    if (!closing) options.onWarning(message);
  };
  repairScripts(redis, (settingsKey, lost) => {
    const slots = bySettingsKey.get(settingsKey);
    if (slots !== undefined && lost === "SETTINGS_KEY_NOT_FOUND") options.onLost();
    slots?.recover(lost);
  });
  const connection = new Bottleneck.IORedisConnection({ Redis, client: redis });
  connection.on("error", (error) => warn(`the gate's connection: ${toFailure(error).message}`));

  /** The limits are part of the name, because Bottleneck keeps the settings of whoever came first. */
  const open = (calls: number, window: Window, name: string): WindowSlots => {
    const id = `${base}:slots:${calls}${name}`;
    const limiter = new Bottleneck({
      id,
      datastore: "ioredis",
      connection,
      maxConcurrent: calls,
      heartbeatInterval: HEARTBEAT_MS,
      clientTimeout: CLIENT_TIMEOUT_MS,
      timeout: Math.max(STATE_TTL_MS, 2 * window.windowMs),
    });
    limiter.on("error", (error) => warn(`the limiter ${id}: ${toFailure(error).message}`));
    limiters.push(limiter);
    const counted = { key: `${base}:spent${name}`, calls, holdMs: holdMsOf(window) };
    const slots = new WindowSlots(limiter, counted, window.windowMs, warn);
    bySettingsKey.set(settingsKeyOf(id), slots);
    return slots;
  };

  await proveRecovery(redis, connection, base);
  const longestFirst = [...options.windows].sort((a, b) => b.windowMs - a.windowMs);
  const perWindow = longestFirst.map((window) => {
    const bulkCalls = bulkCallsOf(window, bulkShare);
    const all = open(window.calls, window, `:${window.windowMs}`);
    const bulk = bulkCalls < window.calls ? [open(bulkCalls, window, `:${window.windowMs}:bulk`)] : [];
    return { all, bulk };
  });
  await Promise.all(limiters.map((limiter) => limiter.ready()));

  return {
    of: {
      interactive: perWindow.map(({ all }) => all),
      bulk: perWindow.flatMap(({ bulk, all }) => [...bulk, all]),
    },
    async close() {
      closing = true;
      // A Redis that is away must not hold up the end of the process.
      const flushed = connection.disconnect(true).catch(() => {});
      await Promise.race([flushed, sleepUnref(CLOSE_MS)]);
      await connection.disconnect(false);
      for (const slots of bySettingsKey.values()) slots.abandon();
    },
  };
}

function settingsKeyOf(id: string): string {
  return `b_${id}_settings`;
}

/** Loses the state of a throw-away limiter and uses it: an upgrade of Redis or Bottleneck cannot break the repair unseen. */
async function proveRecovery(
  redis: Redis | Cluster,
  connection: Bottleneck.IORedisConnection,
  base: string,
): Promise<void> {
  const id = `${base}:self-test:${randomUUID()}`;
  const limiter = new Bottleneck({
    id,
    datastore: "ioredis",
    connection,
    maxConcurrent: 1,
    timeout: SELF_TEST_MS,
  });
  try {
    await limiter.ready();
    await redis.del(settingsKeyOf(id), `b_${id}_client_last_seen`);
    const ran = limiter.schedule(async () => true);
    ran.catch(() => {});
    if (!(await Promise.race([ran, sleepUnref(SELF_TEST_MS)])))
      throw new Error("its limiter does not recover");
    const setUpAtMs = Number(await redis.hget(settingsKeyOf(id), "nextRequest"));
    const [seconds] = await redis.time();
    if (Math.abs(Number(seconds) * 1000 - setUpAtMs) > SELF_TEST_MS + 1_000) {
      throw new Error("its limiter does not use Redis's clock");
    }
  } catch (error) {
    throw new Failure("internal_error", `the gate's self-test failed: ${toFailure(error).message}`, {
      hint: "Install the bottleneck version that the lock file names, and Redis 6.2 or later.",
    });
  } finally {
    await limiter.disconnect();
  }
}

function sleepUnref(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
