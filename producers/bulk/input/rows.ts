/** The three forms of a list of incidents, told apart by its first line. */
import { z } from "zod";
import { show } from "../../../src/contract/refusal.ts";
import { readCsv } from "./csv-rows.ts";
import type { Row } from "./row.ts";
import { decode, type Line, peek, readLines } from "./text.ts";

export interface Source {
  /** As it is named when a row is refused: a file, or `standard input`. */
  name: string;
  stream: AsyncIterable<string | Uint8Array>;
}

/** NDJSON begins with a brace, a list of ids with a number; anything else is CSV with its header. */
export async function* readRows({ name, stream }: Source): AsyncGenerator<Row, void> {
  const { first, all } = await peek(decode(stream, name));
  if (first.startsWith("{")) yield* readEach(all, name, ndjsonRow);
  else if (/^"?\d/.test(first)) yield* readEach(all, name, idRow);
  else if (first !== "") yield* readCsv(readLines(all, name), first);
}

async function* readEach(
  chunks: AsyncIterable<string>,
  name: string,
  toRow: (line: Line) => Row,
): AsyncGenerator<Row, void> {
  for await (const { number, text } of readLines(chunks, name))
    if (text.trim() !== "") yield toRow({ number, text: text.trim() });
}

function idRow({ number, text }: Line): Row {
  return { line: number, values: { incident_id: text } };
}

const objectSchema = z.record(z.string(), z.unknown());

function ndjsonRow({ number, text }: Line): Row {
  try {
    const parsed = objectSchema.safeParse(JSON.parse(text));
    if (parsed.success) return { line: number, values: parsed.data };
  } catch {
    // Said below: V8's own words differ from release to release.
  }
  return { line: number, problem: `given ${show(text)}; allowed: one JSON object a line` };
}
