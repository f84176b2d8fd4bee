/** A row of a list of incidents, as it was read: its values by the names of the columns, or why it is none. */

/** Longer than any row of ours; what has no end of line for so long is not a list. */
export const LONGEST_ROW_BYTES = 1_048_576;

export interface ReadRow {
  /** Where it ends, counted from 1. */
  line: number;
  values: Readonly<Record<string, unknown>>;
}

export interface BadRow {
  line: number;
  problem: string;
}

export type Row = ReadRow | BadRow;
