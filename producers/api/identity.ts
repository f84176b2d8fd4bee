/** Finds out who calls, before anything else is looked at. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Failure } from "../../src/contract/failure.ts";
import { isLoopback } from "../../src/settings/fields.ts";
import { ANYONE, type Caller, callerOf } from "./caller.ts";
import { HttpRefusal } from "./problem.ts";
import type { Token, Tokens } from "./tokens.ts";

/** What says nothing about any job: health, and the documents. */
const OPEN = /^\/(?:livez|readyz|metrics|openapi\.json|docs(?:\/.*)?)$/;

export class Identity {
  readonly #tokens: Tokens | null;
  readonly #callers = new WeakMap<Token, Caller>();
  readonly #known = new WeakMap<FastifyRequest, { caller: Caller; token: Token | null }>();

  constructor(tokens: Tokens | null) {
    this.#tokens = tokens;
  }

  /** Asks every request for its token but those of open routes. */
  addTo(app: FastifyInstance): void {
    app.addHook("onRequest", async (request) => {
      if (this.#tokens === null) refuseForeignSites(request);
      if (OPEN.test(request.routeOptions.url ?? "")) return;
      this.#known.set(request, await this.#identify(request));
    });
  }

  /** Of a request that passed the hook. */
  of(request: FastifyRequest): Caller {
    const known = this.#known.get(request);
    if (known === undefined) throw new Failure("auth_failed", "no token was looked at");
    return known.caller;
  }

  /** Whose requests are counted together; null for those of open routes, which nobody counts. */
  accountOf(request: FastifyRequest): string | null {
    const known = this.#known.get(request);
    return known === undefined ? null : JSON.stringify(known.caller.name);
  }

  /** What its token says of rate and body; null where it says nothing. */
  limitsOf(request: FastifyRequest): Pick<Token, "rate" | "bodyLimitBytes"> {
    return this.#known.get(request)?.token ?? { rate: null, bodyLimitBytes: null };
  }

  /** Whether the request's token is still listed. */
  async isCurrent(request: FastifyRequest): Promise<boolean> {
    const token = this.#known.get(request)?.token ?? null;
    return token === null || this.#tokens === null || (await this.#tokens.isListed(token));
  }

  async #identify({ headers }: FastifyRequest): Promise<{ caller: Caller; token: Token | null }> {
    if (this.#tokens === null) return { caller: ANYONE, token: null };
    const [, text] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
    const token = text === undefined ? null : await this.#tokens.find(text);
    if (token === null) {
      const what = text === undefined ? "missing" : "given an unknown token";
      throw new Failure("auth_failed", `Authorization: ${what}; allowed: Bearer and a token that is listed`);
    }
    const caller = this.#callers.get(token) ?? callerOf(token);
    this.#callers.set(token, caller);
    return { caller, token };
  }
}

/** Else a page elsewhere could point its own name at this machine, and act as whoever looks at it (DNS rebinding). */
function refuseForeignSites({ headers }: FastifyRequest): void {
  const site = `http://${headers.host}`;
  if (!URL.canParse(site) || !isLoopback(new URL(site).hostname))
    throw new HttpRefusal(421, "Host: without tokens, only names of this machine are answered");
}
