/** How many incidents a run may change without anybody having said how many. */
import { Failure } from "../../src/contract/failure.ts";

export const LARGEST_UNSAID = 5_000;

export interface Said {
  limit: number | null;
  /** How many the selection is expected to be. */
  expect?: number | undefined;
}

/** Why a selection of this size is not begun; null when it may be. */
export function refuseSize(selected: number, { limit, expect }: Said): string | null {
  if (expect !== undefined && expect !== selected)
    return `expect: given ${expect}; the selection is ${selected} incidents`;
  if (selected <= LARGEST_UNSAID || limit !== null || expect !== undefined) return null;
  return `selection: given ${selected} incidents; allowed: up to ${LARGEST_UNSAID}, and more with limit or with expect ${selected}`;
}

/** Throws `invalid_input`. */
export function checkSize(selected: number, said: Said): void {
  const refused = refuseSize(selected, said);
  if (refused !== null) throw new Failure("invalid_input", refused);
}
