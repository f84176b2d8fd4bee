/** Items from rows, in portions; bad rows are gathered until all are read. */
import type { Change } from "../../../src/bulk/change.ts";
import type { Item } from "../../../src/bulk/run.ts";
import { Failure } from "../../../src/contract/failure.ts";
import type { Row } from "./row.ts";
import { openJudge } from "./row-item.ts";
import { readRows, type Source } from "./rows.ts";

/** Of bad rows so many are told by the error itself; all of them by `onBadRow`. */
const TOLD_AT_MOST = 1_000;

export interface Rows {
  /** As bad rows are named, with `:` and the line behind it. */
  name: string;
  rows: AsyncIterable<Row> | Iterable<Row>;
}

export function rowsOf(source: Source): Rows {
  return { name: source.name, rows: readRows(source) };
}

/** Ids from a list; the line of one is its place there. */
export function rowsOfIds(ids: readonly (string | number)[], name = "ids"): Rows {
  return { name, rows: ids.map((incident_id, index) => ({ line: index + 1, values: { incident_id } })) };
}

/**
 * Up to `size` items at a time, none held beyond that. When rows were bad it throws `invalid_input` at the end, with
 * all of them in it, so whoever takes the items must not act upon them before.
 */
export async function* readItems(
  { name, rows }: Rows,
  change: Change,
  { size, onBadRow }: { size: number; onBadRow?: ((sentence: string) => void) | undefined },
): AsyncGenerator<Item[], void> {
  const judge = openJudge(change);
  const told: string[] = [];
  let bad = 0;
  let items: Item[] = [];
  for await (const row of rows) {
    const judged = "problem" in row ? row : judge(row.values);
    if ("item" in judged) items.push(judged.item);
    else {
      bad += 1;
      const sentence = `${name}:${row.line}: ${judged.problem}`;
      if (onBadRow !== undefined) onBadRow(sentence);
      else if (told.length < TOLD_AT_MOST) told.push(sentence);
    }
    // Of a list that is refused anyway only the bad rows matter.
    if (bad > 0) items = [];
    if (items.length >= size) yield items.splice(0);
  }
  if (bad > 0) throw refused(name, bad, told);
  if (items.length > 0) yield items;
}

function refused(name: string, bad: number, told: readonly string[]): Failure {
  const rows = bad === 1 ? "1 row" : `${bad} rows`;
  const sum = `${name}: ${rows} cannot be read; nothing was sent`;
  return new Failure("invalid_input", [...told, sum].join("\n"));
}
