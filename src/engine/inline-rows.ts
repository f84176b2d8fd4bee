/** How many rows of an answer lie in the result itself, for a SOAR reads that whole; the others are read by page. */
import type { RowSet } from "../contract/ports.ts";
import { SOME_ROWS } from "../contract/result.ts";
import type { Verdict } from "../results/store.ts";

export interface InlineLimit {
  rows: number;
  /** Of their JSON. */
  bytes: number;
}

/** The rows as they are stored, null for none, and what the result says of those it does not show. */
export function showRows(
  { rowCount, pages, rowEnds }: RowSet,
  limit: InlineLimit,
): { rows: NonNullable<Verdict["rows"]> | null; warnings: string[] } {
  if (rowCount === 0) return { rows: null, warnings: [] };
  const inlineRows = countInline(rowEnds, limit);
  const warnings =
    inlineRows === rowCount
      ? []
      : [`${SOME_ROWS}${inlineRows} of ${rowCount} rows; all of them can be read by page.`];
  return { rows: { pages, inlineRows }, warnings };
}

function countInline(rowEnds: Uint32Array, { rows, bytes }: InlineLimit): number {
  // The bracket that closes the array is a byte as well.
  const tooLong = rowEnds.findIndex((end) => end + 1 > bytes);
  return Math.min(rows, tooLong === -1 ? rowEnds.length : tooLong);
}
