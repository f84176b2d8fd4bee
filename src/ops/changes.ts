/** Tells an open page that what it shows has changed. The event says no more than that: the page is read anew. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";

/** What has no channel on which its changes are announced is looked at so often. */
const LOOK_EVERY_MS = 2_000;

/** Server-sent events, one for each change, until the page is closed. */
export function sendChanges(
  request: FastifyRequest,
  reply: FastifyReply,
  changesOf: (signal: AbortSignal) => AsyncIterable<unknown>,
): FastifyReply {
  const gone = new AbortController();
  request.raw.once("close", () => gone.abort());
  return reply.type("text/event-stream").send(Readable.from(eventsOf(changesOf(gone.signal))));
}

async function* eventsOf(changes: AsyncIterable<unknown>): AsyncGenerator<string> {
  yield ": begun\n\n";
  for await (const _ of changes) yield "event: change\ndata: {}\n\n";
}

/** Short, for a link: what a page showed, to be told from what it would show now. */
export function stampOf(shown: unknown): string {
  return createHash("sha256").update(JSON.stringify(shown)).digest("base64url").slice(0, 16);
}

/** Each time that `look` no longer gives what was seen last; `seen` is the stamp of the page, so that nothing in between is missed. */
export async function* watchFor(
  look: () => Promise<unknown>,
  seen: string,
  signal: AbortSignal,
): AsyncGenerator<void> {
  for (let last = seen; !signal.aborted; ) {
    const now = stampOf(await look());
    if (now !== last) yield;
    last = now;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
