/** Whoever asks ops for something, for the length of the request. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Role } from "../settings/users.ts";
import type { Session } from "./session.ts";

/** Without users it is whoever sits at this machine, and there is no session. */
export interface Caller {
  name: string;
  role: Role;
  session: Session | null;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Null only on routes that need no session. */
    caller: Caller | null;
  }
}

const callers = new AsyncLocalStorage<Caller | null>();

export function withCaller(caller: Caller | null, work: () => void): void {
  callers.run(caller, work);
}

/** For Bull Board, whose parts are not told who asks. */
export function currentCaller(): Caller | null {
  return callers.getStore() ?? null;
}
