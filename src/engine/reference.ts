/** The reference of a job: the short mark by which its comment is recognised. */
import { createHash } from "node:crypto";

/** Crockford's base32: no I, L, O or U, so that it can be read aloud. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 8;

/** Eight characters (40 bits) that follow from the job id alone, the same on every attempt. */
export function referenceOf(jobId: string): string {
  const digest = createHash("sha256").update(jobId).digest();
  return Array.from(digest.subarray(0, LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
