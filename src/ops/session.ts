/** Sessions of the board: signed texts that any ops server with the same secret can read. */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { RedisClient } from "../redis-script.ts";
import type { Account } from "../settings/users.ts";
import type { Accounts } from "./accounts.ts";

/** One shift. */
export const SESSION_MS = 8 * 3_600_000;

const sessionSchema = z.object({ id: z.uuid(), name: z.string(), ends_ms: z.number() });

export interface Session {
  id: string;
  account: Account;
  endsAtMs: number;
  /** What a write must carry besides the cookie, which a browser sends along by itself. */
  csrfToken: string;
}

export class Sessions {
  readonly #accounts: Accounts;
  readonly #redis: RedisClient;
  readonly #prefix: string;

  constructor(accounts: Accounts, redis: RedisClient, prefix: string) {
    this.#accounts = accounts;
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** Of an unknown name it is one to verify the password against, so that this takes as long. */
  async accountOf(name: string): Promise<{ account: Account; isKnown: boolean }> {
    const accounts = await this.#accounts.list();
    const known = accounts.find((account) => account.name === name);
    const account = known ?? accounts[0];
    if (account === undefined) throw new Error("there are no users");
    return { account, isKnown: known !== undefined };
  }

  async begin(account: Account): Promise<{ session: Session; text: string }> {
    const secret = await this.#accounts.secret();
    const [id, endsAtMs] = [randomUUID(), Date.now() + SESSION_MS];
    const fields = { id, name: account.name, ends_ms: endsAtMs };
    const payload = Buffer.from(JSON.stringify(fields)).toString("base64url");
    const session = { id, account, endsAtMs, csrfToken: csrfToken(secret, id) };
    return { session, text: `${payload}.${signature(secret, payload, account)}` };
  }

  /**
   * Null for a text that is not ours, is over, was logged out, or was made before the password or the secret changed. Its role
   * is the one that its user has now. Rejects when Redis is away.
   */
  async find(text: string): Promise<Session | null> {
    const [payload = "", given = "", ...rest] = text.split(".");
    const fields = sessionSchema.safeParse(parse(payload));
    if (!fields.success || rest.length > 0) return null;
    const { id, name, ends_ms: endsAtMs } = fields.data;
    const [secret, { account, isKnown }] = await Promise.all([this.#accounts.secret(), this.accountOf(name)]);
    if (!isKnown || !isSame(given, signature(secret, payload, account))) return null;
    if (endsAtMs <= Date.now()) return null;
    const isEnded = (await this.#redis.exists(this.#endedKey(id))) === 1;
    return isEnded ? null : { id, account, endsAtMs, csrfToken: csrfToken(secret, id) };
  }

  /** For all servers, until it would have ended by itself. */
  async end({ id, endsAtMs }: Session): Promise<void> {
    await this.#redis.set(this.#endedKey(id), "1", "PX", Math.max(1, endsAtMs - Date.now()));
  }

  #endedKey(id: string): string {
    return `${this.#prefix}:ops:ended:${id}`;
  }
}

export function hasCsrfToken(session: Session, given: unknown): boolean {
  return typeof given === "string" && isSame(given, session.csrfToken);
}

function csrfToken(secret: string, id: string): string {
  return hmac(secret, `csrf\0${id}`);
}

function signature(secret: string, payload: string, { password }: Account): string {
  return hmac(secret, `session\0${payload}\0${password.text}`);
}

function hmac(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("base64url");
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
