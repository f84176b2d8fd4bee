/** Prints all rows of a query's answer, alone or with what is known of it. */
import type { Result } from "../../src/contract/result.ts";
import { exitCodeOfResult } from "../../src/exit.ts";
import { print, tell } from "../../src/output.ts";
import { columnsOf, type ReadRows, rowTexts } from "../../src/results/row-texts.ts";
import type { Client, JobRef } from "../client.ts";
import { wholeJson, wholeTable } from "./whole-result.ts";

/** Prints nothing but rows. Where there is no answer to print it says so and sets the exit code. */
export async function exportRows(
  client: Client,
  job: JobRef,
  result: Result,
  format: "csv" | "ndjson",
): Promise<void> {
  const columns = columnsOf(result);
  if (columns === null) {
    const { status, error } = result;
    tell(`There are no rows: the job is ${status}${error === null ? "" : ` (${error.message})`}.`);
    process.exitCode = exitCodeOfResult({ status });
    return;
  }
  for await (const text of rowTexts((page) => client.rows(job, page), columns, format)) await print(text);
}

/** Prints what is known of a query, and all its rows. */
export async function printWhole(
  client: Client,
  job: JobRef,
  result: Result,
  format: "json" | "table",
): Promise<void> {
  const read: ReadRows = (page) => client.rows(job, page);
  const texts = format === "json" ? wholeJson(result, read) : wholeTable(result, read);
  for await (const text of texts) await print(text);
}
