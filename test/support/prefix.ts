/** Keeps tests that share one Redis apart. */
import { randomBytes } from "node:crypto";

/** A queue prefix that no other test has. */
export function randomPrefix(): string {
  return `test-${randomBytes(6).toString("hex")}`;
}
