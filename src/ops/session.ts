/** Sessions of the board: signed texts that any ops server with the same secret can read. */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { RedisClient } from "../redis-script.ts";
import type { Account } from "../settings/users.ts";

/** One shift. */
export const SESSION_MS = 8 * 3_600_000;

const sessionSchema = z.object({ id: z.uuid(), name: z.string(), ends_ms: z.number() });

export interface Session {
  id: string;
  account: Account;
  endsAtMs: number;
}

export class Sessions {
  readonly #accounts: ReadonlyMap<string, Account>;
  readonly #secret: string;
  readonly #redis: RedisClient;
  readonly #prefix: string;

  /** What the password of an unknown name is verified against. */
  readonly decoy: Account;

  constructor(
    accounts: readonly [Account, ...Account[]],
    secret: string,
    redis: RedisClient,
    prefix: string,
  ) {
    this.decoy = accounts[0];
    this.#accounts = new Map(accounts.map((account) => [account.name, account]));
    this.#secret = secret;
    this.#redis = redis;
    this.#prefix = prefix;
  }

  accountOf(name: string): Account | null {
    return this.#accounts.get(name) ?? null;
  }

  begin(account: Account): { session: Session; text: string } {
    const session = { id: randomUUID(), account, endsAtMs: Date.now() + SESSION_MS };
    const fields = { id: session.id, name: account.name, ends_ms: session.endsAtMs };
    const payload = Buffer.from(JSON.stringify(fields)).toString("base64url");
    return { session, text: `${payload}.${this.#sign(payload, account)}` };
  }

  /** Null for a text that is not ours, is over, was logged out, or was made before the password changed. Rejects when Redis is away. */
  async find(text: string): Promise<Session | null> {
    const [payload = "", signature = "", ...rest] = text.split(".");
    const fields = sessionSchema.safeParse(parse(payload));
    if (!fields.success || rest.length > 0) return null;
    const { id, name, ends_ms: endsAtMs } = fields.data;
    const account = this.accountOf(name);
    if (account === null || !isSame(signature, this.#sign(payload, account))) return null;
    if (endsAtMs <= Date.now()) return null;
    const isEnded = (await this.#redis.exists(this.#endedKey(id))) === 1;
    return isEnded ? null : { id, account, endsAtMs };
  }

  /** For all servers, until it would have ended by itself. */
  async end({ id, endsAtMs }: Session): Promise<void> {
    await this.#redis.set(this.#endedKey(id), "1", "PX", Math.max(1, endsAtMs - Date.now()));
  }

  /** What a write must carry besides the cookie, which a browser sends along by itself. */
  csrfToken({ id }: Session): string {
    return this.#hmac(`csrf\0${id}`);
  }

  hasCsrfToken(session: Session, given: unknown): boolean {
    return typeof given === "string" && isSame(given, this.csrfToken(session));
  }

  #sign(payload: string, { password }: Account): string {
    return this.#hmac(`session\0${payload}\0${password.text}`);
  }

  #hmac(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("base64url");
  }

  #endedKey(id: string): string {
    return `${this.#prefix}:ops:ended:${id}`;
  }
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    return null;
  }
}

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
