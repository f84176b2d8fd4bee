/** Results by the line: for programs and spreadsheets. */
import type { Result } from "../../src/contract/result.ts";
import { print, printJsonLine, printText } from "../../src/output.ts";
import { toCsv } from "../../src/results/csv.ts";
import { formatLine } from "./result-text.ts";

export const FORMATS = ["table", "json", "csv", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

const COLUMNS = [
  "case_id",
  "job_id",
  "action",
  "instance",
  "status",
  "is_success",
  "reason",
  "output_message",
  "requested_by",
  "attempts",
  "enqueued_at",
  "started_at",
  "finished_at",
] as const satisfies (keyof Result)[];

/** Gives a printer of results, one a line; CSV gets its head first. */
export async function openSummaries(format: Format): Promise<(result: Result) => Promise<void>> {
  if (format === "table") return (result) => printText(formatLine(result));
  if (format !== "csv") return printJsonLine;
  await print(toCsv([[...COLUMNS, "error_code"]]));
  return (result) => print(toCsv([[...COLUMNS.map((name) => result[name]), result.error?.code ?? null]]));
}
