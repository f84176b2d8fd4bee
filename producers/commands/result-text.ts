/** Results as people read them. */
import { z } from "zod";
import { byWhom, type Result } from "../../src/contract/result.ts";
import { visible } from "../../src/output.ts";
import { formatTable, terminalWidth } from "./table.ts";

/** All of them are for `results --job`. */
const ROWS_SHOWN = 20;
/** With less room for a column, rows are printed one below the other. */
const READABLE_COLUMN = 9;

const rowsSchema = z.array(z.record(z.string(), z.unknown()));

/** One line: for a follower. */
export function formatLine(result: Result): string {
  const { action, job_id: jobId, output_message: message } = result;
  const parts = [lastChange(result), action, jobId, stateOf(result), message, pauseOf(result)];
  return visible(parts.filter(Boolean).join("  "));
}

/** The results of a case. */
export function formatResults(results: readonly Result[]): string {
  const rows = results.map((result) => [
    [result.action, result.job_id].map(visible).join("\n"),
    [result.status, detailOf(result) ?? ""].map(visible).join("\n").trim(),
    remarksOf(result)
      .map((text) => inLines(text))
      .join("\n"),
  ]);
  return formatTable(["Action and job", "Status", "Message"], rows);
}

/** One result with everything that is known of it. */
export function formatResult(result: Result): string {
  const facts: [string, string | null][] = [
    ["case", result.case_id],
    ["job", result.job_id],
    ["instance", result.instance],
    ["incident", incidentOf(result)],
    ["requested by", result.requested_by],
    ["attempts", String(result.attempts)],
    ["enqueued", result.enqueued_at],
    ["started", result.started_at],
    ["finished", result.finished_at],
    ["query", result.kql ?? null],
    ["window", result.window ? `${result.window.start} to ${result.window.end}` : null],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === null ? [] : [`  ${name.padEnd(13)} ${inLines(value, 16)}`],
  );
  return [
    visible(`${result.action}  ${stateOf(result)}`),
    ...remarksOf(result).map((text) => inLines(text, 2)),
    ...lines,
    ...formatRows(result),
  ].join("\n");
}

/** Queries are read by lines; those after the first are indented, so that no text passes for a line of ours. */
function inLines(text: string, indent = 0): string {
  return text
    .split("\n")
    .map(visible)
    .join(`\n${" ".repeat(indent)}`);
}

function remarksOf(result: Result): string[] {
  const { output_message: message, error, warnings } = result;
  const hint = error?.hint ?? "";
  return [message, pauseOf(result), hint, ...warnings.map((warning) => `Note: ${warning}`)].filter(
    (text) => text !== "",
  );
}

/** Empty for one that nobody holds up. */
function pauseOf({ waiting }: Result): string {
  return waiting?.for === "paused" ? `Paused ${byWhom(waiting)}` : "";
}

function stateOf(result: Result): string {
  const detail = detailOf(result);
  return detail === null ? result.status : `${result.status} (${detail})`;
}

function detailOf({ status, is_success, reason, error, waiting }: Result): string | null {
  if (waiting !== null) return `waits: ${waiting.for}`;
  if (error !== null) return error.code;
  if (reason !== null) return reason;
  return status === "completed" && !is_success ? "no success" : null;
}

function lastChange({ finished_at, started_at, enqueued_at }: Result): string {
  return finished_at ?? started_at ?? enqueued_at;
}

function incidentOf({ incident }: Result): string | null {
  if (incident === null) return null;
  const asked = incident.id === incident.requested_id ? "" : ` (asked for ${incident.requested_id})`;
  return `${incident.id}${asked}${incident.url === null ? "" : ` ${incident.url}`}`;
}

function formatRows({ schema, row_count, json_result }: Result): string[] {
  const parsed = rowsSchema.safeParse(json_result);
  if (!schema || schema.length === 0 || !parsed.success || parsed.data.length === 0) return [];
  const columns = schema.map(({ name }) => name);
  const rows = parsed.data.slice(0, ROWS_SHOWN);
  const total = row_count ?? parsed.data.length;
  const text = formatRowTable(columns, rows);
  return total > rows.length
    ? [text, `${rows.length} of ${total} rows; all of them: defender-actions results <case_id> --job <id>`]
    : [text];
}

/** Rows of a query: a table, or where the terminal is too narrow for one, a list. */
export function formatRowTable(columns: readonly string[], rows: readonly Record<string, unknown>[]): string {
  const fits = terminalWidth() >= columns.length * (READABLE_COLUMN + 3) + 1;
  const cells = (row: Record<string, unknown>) => columns.map((name) => cellText(row[name]));
  return fits
    ? formatTable(columns.map(visible), rows.map(cells))
    : rows.map((row) => listCells(columns, cells(row))).join("\n\n");
}

function listCells(columns: readonly string[], cells: readonly string[]): string {
  return columns.map((name, index) => `  ${visible(name)}: ${cells[index] ?? ""}`).join("\n");
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return visible(typeof value === "string" ? value : JSON.stringify(value));
}
