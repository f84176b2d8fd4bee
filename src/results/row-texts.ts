/** All rows of a query's answer as text, page by page, with the columns in the order of the answer's schema. */
import { z } from "zod";
import { ROWS_PER_PAGE } from "../contract/ports.ts";
import type { Result } from "../contract/result.ts";
import { toJson } from "../output.ts";
import { toCsv } from "./csv.ts";
import type { RowsPage } from "./reader.ts";

type Row = Record<string, unknown>;
export type ReadRows = (page: { offset: number; limit: number }) => Promise<RowsPage>;

const pageSchema = z.array(z.record(z.string(), z.unknown()));

/** Null for a result without rows: its job is not done, or no query. */
export function columnsOf({ status, schema }: Result): string[] | null {
  return status === "completed" && schema ? schema.map(({ name }) => name) : null;
}

/** `read` is asked for one page after the other, as they are taken. */
export async function* rowPages(read: ReadRows, from = 0): AsyncGenerator<Row[], void> {
  let total = from + 1;
  for (let offset = from; offset < total; offset += ROWS_PER_PAGE) {
    const page = await read({ offset, limit: ROWS_PER_PAGE });
    total = page.total;
    yield pageSchema.parse(page.rows);
  }
}

/** CSV begins with a line of names. */
export async function* rowTexts(
  read: ReadRows,
  columns: readonly string[],
  format: "csv" | "ndjson",
  from = 0,
): AsyncGenerator<string, void> {
  const toText = format === "csv" ? csvRows : ndjsonRows;
  let head = format === "csv" ? toCsv([columns]) : "";
  for await (const rows of rowPages(read, from)) {
    yield head + toText(columns, rows);
    head = "";
  }
}

function csvRows(columns: readonly string[], rows: readonly Row[]): string {
  return toCsv(rows.map((row) => columns.map((name) => row[name])));
}

function ndjsonRows(columns: readonly string[], rows: readonly Row[]): string {
  return rows
    .map((row) => `${toJson(Object.fromEntries(columns.map((name) => [name, row[name] ?? null])))}\n`)
    .join("");
}
