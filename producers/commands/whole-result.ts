/** A query's result with every row: what is known of it is in memory, its rows are read as they are taken. */
import { type Result, SOME_ROWS } from "../../src/contract/result.ts";
import { toJson } from "../../src/output.ts";
import { columnsOf, type ReadRows, rowPages } from "../../src/results/row-texts.ts";
import { formatResult, formatRowTable } from "./result-text.ts";

const NO_ROWS = '\n  "json_result": []';

/** False also for rows that are not kept any more. */
export function hasRows(result: Result): boolean {
  const columns = columnsOf(result) ?? [];
  return columns.length > 0 && (result.row_count ?? 0) > 0 && !result.rows_expired;
}

/** The text of `printJson`, as if the result held every row. Nothing is given before there is a first page. */
export async function* wholeJson(result: Result, read: ReadRows): AsyncGenerator<string, void> {
  const record = toJson({ ...withoutWarning(result), json_result: [] }, 2);
  const end = record.indexOf(NO_ROWS) + NO_ROWS.length - 1;
  let before = record.slice(0, end);
  for await (const rows of rowPages(read)) {
    if (rows.length === 0) continue;
    const text = toJson(rows, 2).slice(1, -2).replaceAll("\n", "\n  ");
    yield before + text;
    before = ",";
  }
  yield before === "," ? `\n  ${record.slice(end)}\n` : `${record}\n`;
}

/** A table for each page. */
export async function* wholeTable(result: Result, read: ReadRows): AsyncGenerator<string, void> {
  const columns = columnsOf(result) ?? [];
  let before = `${formatResult({ ...withoutWarning(result), json_result: null })}\n`;
  for await (const rows of rowPages(read)) {
    yield `${before}${formatRowTable(columns, rows)}\n`;
    before = "\n";
  }
}

function withoutWarning(result: Result): Result {
  return { ...result, warnings: result.warnings.filter((warning) => !warning.startsWith(SOME_ROWS)) };
}
