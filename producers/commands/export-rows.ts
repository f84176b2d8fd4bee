/** All rows of a query's answer, page by page, with the columns in the order of the answer's schema. */
import { z } from "zod";
import { ROWS_PER_PAGE } from "../../src/contract/ports.ts";
import type { Result } from "../../src/contract/result.ts";
import { exitCodeOfResult } from "../../src/exit.ts";
import { print, tell, toJson } from "../../src/output.ts";
import { toCsv } from "../../src/results/csv.ts";
import type { Client, JobRef } from "../client.ts";

type Row = Record<string, unknown>;

const pageSchema = z.array(z.record(z.string(), z.unknown()));

/** Prints nothing but rows. Where there is no answer to print it says so and sets the exit code. */
export async function exportRows(
  client: Client,
  job: JobRef,
  { status, schema, error }: Result,
  format: "csv" | "ndjson",
): Promise<void> {
  if (status !== "completed" || !schema) {
    tell(`There are no rows: the job is ${status}${error === null ? "" : ` (${error.message})`}.`);
    process.exitCode = exitCodeOfResult({ status });
    return;
  }
  const columns = schema.map(({ name }) => name);
  const toText = format === "csv" ? csvRows : ndjsonRows;
  if (format === "csv") await print(toCsv([columns]));
  for (let offset = 0, total = 1; offset < total; offset += ROWS_PER_PAGE) {
    const page = await client.rows(job, { offset, limit: ROWS_PER_PAGE });
    await print(toText(columns, pageSchema.parse(page.rows)));
    total = page.total;
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
