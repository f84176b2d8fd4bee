/** Who may log in to the board: `OPS_USERS=name:role:hash,…`. No hash is ever repeated in a message. */
import { z } from "zod";

export const ROLES = ["viewer", "operator"] as const;
/** A viewer reads; an operator also retries, promotes, removes and pauses. */
export type Role = (typeof ROLES)[number];

/** A password as scrypt made it: `scrypt$N$r$p$salt$hash`, the last two in base64url. */
export interface PasswordHash {
  text: string;
  N: number;
  r: number;
  p: number;
  salt: Buffer;
  hash: Buffer;
}

export interface Account {
  name: string;
  role: Role;
  password: PasswordHash;
}

const NAME = /^[A-Za-z0-9._@+-]{1,64}$/;
const HASH = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{11,128})\$([A-Za-z0-9_-]{22,128})$/;
/** What one login may cost: 128 × N × r bytes of memory, and p times the work. */
const MOST_MEMORY_BYTES = 256 * 1024 * 1024;
const LEAST_N = 2 ** 14;

/** Null for what scrypt cannot have made, is too weak, or would take too much memory to verify. */
export function parseHash(text: string): PasswordHash | null {
  const [, n, r, p, salt, hash] = HASH.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return null;
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const isPowerOfTwo = Number.isInteger(Math.log2(cost.N));
  if (!isPowerOfTwo || cost.N < LEAST_N || cost.r < 1 || cost.p < 1 || cost.p > 16) return null;
  if (128 * cost.N * cost.r > MOST_MEMORY_BYTES) return null;
  return { text, ...cost, salt: Buffer.from(salt, "base64url"), hash: Buffer.from(hash, "base64url") };
}

const ALLOWED = "name:role:hash,… with a role of viewer or operator and a hash from ops hash-password";

/** Separated by commas or lines. */
export const users = z
  .string()
  .default("")
  .transform((text, context): Account[] => {
    const refuse = (problem: string): never => {
      context.addIssue({ code: "custom", message: `${problem}; allowed: ${ALLOWED}` });
      return z.NEVER;
    };
    const accounts: Account[] = [];
    const entries = text.split(/[,\n]/).map((entry) => entry.trim());
    for (const [index, entry] of entries.filter((each) => each !== "").entries()) {
      const [name = "", given = "", hash = "", ...rest] = entry.split(":");
      const role = ROLES.find((known) => known === given);
      const password = parseHash(hash);
      if (!NAME.test(name)) return refuse(`given no usable name in entry ${index + 1}`);
      if (role === undefined) return refuse(`given no role for ${name}`);
      if (password === null || rest.length > 0) return refuse(`given no usable hash for ${name}`);
      if (accounts.some((other) => other.name === name)) return refuse(`given ${name} twice`);
      accounts.push({ name, role, password });
    }
    return accounts;
  });
