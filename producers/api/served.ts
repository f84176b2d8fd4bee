/** What all routes are served with. */
import type { FastifyReply } from "fastify";
import type { z } from "zod";
import { invalidInput } from "../../src/contract/failure.ts";
import type { Desk } from "./desk.ts";
import type { Identity } from "./identity.ts";
import type { Pipe } from "./pipe.ts";

export interface Served {
  pipe: Pipe;
  desk: Desk;
  identity: Identity;
  /** Ends whatever still waits or follows, when the server stops. */
  stopping: AbortSignal;
}

/** Throws `invalid_input` that names every field at fault. */
export function read<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalidInput(parsed.error);
}

/** Aborted once the client has gone, or the server stops. */
export function endOf({ raw }: FastifyReply, { stopping }: Served): AbortSignal {
  const end = new AbortController();
  const abort = (): void => {
    stopping.removeEventListener("abort", abort);
    end.abort();
  };
  stopping.addEventListener("abort", abort, { once: true });
  if (stopping.aborted) abort();
  // The request's own `close` comes when its body is read, and its socket may serve more of them.
  raw.once("close", abort);
  return end.signal;
}
