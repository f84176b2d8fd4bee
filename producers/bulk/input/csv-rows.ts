/** CSV with a header, separated by commas, semicolons or tabs. A row with misplaced quotes spoils no other. */
import { parse } from "csv-parse/sync";
import { refuseColumns } from "./columns.ts";
import { LONGEST_ROW_BYTES, type Row } from "./row.ts";
import type { Line } from "./text.ts";

type CsvRecord = { line: number; values: string[] } | { line: number; problem: string };

/** `header` is the first line, by which the separator is told. */
export async function* readCsv(lines: AsyncIterable<Line>, header: string): AsyncGenerator<Row, void> {
  let columns: string[] | null = null;
  for await (const record of readRecords(lines, separatorOf(header))) {
    if ("problem" in record) yield record;
    else if (columns === null) {
      columns = record.values;
      const problem = refuseColumns(columns);
      if (problem === null) continue;
      // Every row would say the same.
      return yield { line: record.line, problem };
    } else yield toRow(columns, record);
  }
}

function toRow(columns: readonly string[], { line, values }: { line: number; values: string[] }): Row {
  if (values.length !== columns.length)
    return { line, problem: `given ${values.length} values; allowed: ${columns.length}, as in the header` };
  return { line, values: Object.fromEntries(columns.map((column, index) => [column, values[index]])) };
}

function separatorOf(header: string): string {
  const bare = header.replaceAll(/"[^"]*"/g, "");
  return [",", ";", "\t"].find((separator) => bare.includes(separator)) ?? ",";
}

/** A value in quotes may go on over lines: until the quotes of its lines are even in number. */
async function* readRecords(lines: AsyncIterable<Line>, separator: string): AsyncGenerator<CsvRecord, void> {
  let open: Line[] = [];
  let openBytes = 0;
  for await (const line of lines) {
    if (open.length === 0 && isEven(line)) yield* recordOf(line, separator);
    else {
      open.push(line);
      openBytes += line.text.length;
      if (open.length > 1 && !isEven(line)) {
        yield* recordOf(joined(open), separator);
        open = [];
      } else if (openBytes > LONGEST_ROW_BYTES) {
        yield* withoutFirst(open, separator);
        open = [];
      }
      if (open.length === 0) openBytes = 0;
    }
  }
  yield* withoutFirst(open, separator);
}

function isEven({ text }: Line): boolean {
  return text.split('"').length % 2 === 1;
}

function joined(lines: readonly Line[]): Line {
  return { number: lines[0]?.number ?? 0, text: lines.map(({ text }) => text).join("\n") };
}

/** The quote of the first one is never closed, so the others are rows of their own. */
function* withoutFirst([first, ...others]: readonly Line[], separator: string): Generator<CsvRecord, void> {
  if (first === undefined) return;
  yield { line: first.number, problem: "a quote is opened and never closed" };
  for (const line of others) yield* recordOf(line, separator);
}

function* recordOf({ number: line, text }: Line, separator: string): Generator<CsvRecord, void> {
  if (text.trim() === "") return;
  const values = text.includes('"')
    ? parseQuoted(text, separator)
    : text.split(separator).map((value) => value.trim());
  if (values === null)
    yield {
      line,
      problem: "a quote stands inside a value; allowed: values in quotes, with quotes in them doubled",
    };
  // Spreadsheets leave such rows behind.
  else if (values.some((value) => value !== "")) yield { line, values };
}

function parseQuoted(text: string, separator: string): string[] | null {
  try {
    return parse(text, { delimiter: separator, relax_column_count: true, trim: true })[0] ?? [];
  } catch {
    return null;
  }
}
