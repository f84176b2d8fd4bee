/** What `check` found out about one thing. */
import type { Failure } from "../src/contract/failure.ts";

export interface Finding {
  check: string;
  instance?: string;
  /** Null: not looked at, for the reason in `message`. */
  ok: boolean | null;
  message: string;
  hint?: string;
  /** Redis or Microsoft gave no answer at all. */
  unreachable?: true;
}

export function failed(check: string, { message, details: { hint } }: Failure): Finding {
  return { check, ok: false, message, ...(hint === undefined ? {} : { hint }) };
}
