/** Keeps the access token of one instance: one request at a time, renewed early in the background while the old one serves. */
import { type Failure, toFailure } from "../contract/failure.ts";
import { untilStopped } from "./stop.ts";

export interface Token {
  text: string;
  expiresAtMs: number;
}

/** A token closer to its end than this is not used, for a call may take minutes; less for one that lives shorter. */
const RESERVE_MS = 5 * 60_000;
const RETRY_MS = 30_000;

interface Held extends Token {
  renewFromMs: number;
  usableUntilMs: number;
}

export class TokenKeeper {
  readonly #request: (claims?: string) => Promise<Token>;
  readonly #onRenewal: (failure: Failure | null) => void;
  #held: Held | null = null;
  #renewal: Promise<Held> | null = null;
  #nextTryMs = 0;

  constructor(
    request: (claims?: string) => Promise<Token>,
    onRenewal: (failure: Failure | null) => void = () => {},
  ) {
    this.#request = request;
    this.#onRenewal = onRenewal;
  }

  /** A usable token; waits for one only when none is held. Throws the Failure of the request. */
  async get(signal: AbortSignal): Promise<string> {
    const held = this.#held;
    const nowMs = Date.now();
    if (held === null || nowMs >= held.usableUntilMs) return (await untilStopped(this.#renew(), signal)).text;
    if (nowMs >= held.renewFromMs && nowMs >= this.#nextTryMs) {
      this.#renew().catch(() => {}); // The old token still serves; the failure was reported.
    }
    return held.text;
  }

  /** After a 401 for `refused`: a new token, one request for all whose token was refused. `claims` come from a challenge. */
  async refresh(refused: string, signal: AbortSignal, claims?: string): Promise<string> {
    if (this.#held?.text === refused) this.#held = null;
    if (this.#held !== null) return this.#held.text;
    return (await untilStopped(this.#renew(claims), signal)).text;
  }

  #renew(claims?: string): Promise<Held> {
    this.#renewal ??= this.#fetch(claims).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #fetch(claims?: string): Promise<Held> {
    const startedMs = Date.now();
    try {
      const token = await this.#request(claims);
      const lifeMs = token.expiresAtMs - startedMs;
      this.#held = {
        ...token,
        renewFromMs: startedMs + lifeMs / 2,
        usableUntilMs: token.expiresAtMs - Math.min(RESERVE_MS, lifeMs / 4),
      };
      this.#onRenewal(null);
      return this.#held;
    } catch (error) {
      const failure = toFailure(error);
      this.#nextTryMs = Date.now() + RETRY_MS;
      this.#onRenewal(failure);
      throw failure;
    }
  }
}
