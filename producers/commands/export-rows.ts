/** Prints all rows of a query's answer. */
import type { Result } from "../../src/contract/result.ts";
import { exitCodeOfResult } from "../../src/exit.ts";
import { print, tell } from "../../src/output.ts";
import type { Client, JobRef } from "../client.ts";
import { columnsOf, rowTexts } from "../rows.ts";

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
