/** A gate of a test's own, and calls that pass it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { inject, type TestContext } from "vitest";
import type { Window } from "../../src/config.ts";
import { Failure } from "../../src/contract/failure.ts";
import { type Gate, openGate, type Passage } from "../../src/defender/gate.ts";
import { randomPrefix } from "../support/prefix.ts";

const redisUrl = inject("redisUrl");

export type Finish = Pick<TestContext, "onTestFinished">;

export async function open(
  { onTestFinished }: Finish,
  windows: Window[],
  prefix = randomPrefix(),
): Promise<Gate> {
  const gate = await openGate({ redis: new Redis(redisUrl), prefix, id: "one", windows, bulkShare: 0.8 });
  onTestFinished(() => gate.close());
  return gate;
}

export function connect({ onTestFinished }: Finish): Redis {
  const redis = new Redis(redisUrl);
  onTestFinished(() => redis.disconnect());
  return redis;
}

export function passage(over: Partial<Passage> = {}): Passage {
  const signal = new AbortController().signal;
  const beforeSend = async () => {};
  return { priority: "interactive", signal, waitsForSlot: true, expiresAtMs: null, beforeSend, ...over };
}

export const AT_ONCE = { waitsForSlot: false };

/** Sends, and answers with when. */
export async function send(sent: () => void): Promise<number> {
  sent();
  return performance.now();
}

export async function refusal(run: Promise<unknown>): Promise<Failure> {
  const error: unknown = await run.then(() => "it was let through").catch((thrown: unknown) => thrown);
  if (!(error instanceof Failure)) throw new Error(`not a Failure: ${String(error)}`);
  return error;
}

/** Comes back as often as it is told to, like a job that is put back. */
export async function sendPersistently(gate: Gate, over: Partial<Passage> = {}): Promise<number> {
  for (;;) {
    try {
      return await gate.run(passage(over), send);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "throttled") throw error;
      await sleep(error.details.retryAfterMs ?? 0);
    }
  }
}

export async function untilOpen(gate: Gate): Promise<void> {
  for (let heldMs = 1; heldMs > 0; heldMs = await gate.heldForMs("interactive")) await sleep(heldMs);
}

export function manual(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}
