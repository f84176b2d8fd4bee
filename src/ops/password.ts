/** Passwords of the board: made and verified with scrypt, one at a time, for each takes 64 MiB. */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { PasswordHash } from "../settings/users.ts";

/** As OWASP advises: 64 MiB and some tenths of a second. */
const COST = { N: 2 ** 16, r: 8, p: 2 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** The same characters may come composed or not, depending on the keyboard. */
function derive(password: string, salt: Buffer, length: number, cost: typeof COST): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { ...cost, maxmem: 256 * cost.N * cost.r };
    scrypt(password.normalize("NFC"), salt, length, options, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
}

/** `scrypt$N$r$p$salt$hash`, the last two in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, COST);
  const { N, r, p } = COST;
  return ["scrypt", N, r, p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

let last: Promise<unknown> = Promise.resolve();

export async function verifyPassword(password: string, expected: PasswordHash): Promise<boolean> {
  const { N, r, p, salt, hash } = expected;
  const verified = last.then(() => derive(password, salt, hash.length, { N, r, p }));
  last = verified.catch(() => undefined);
  return timingSafeEqual(await verified, hash);
}
