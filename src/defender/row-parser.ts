/** Turns the answer of a hunting query into compressed pages. Pure: it also runs in a thread of its own. */
import { gzipSync } from "node:zlib";
import { Tokenizer, TokenParser } from "@streamparser/json";
import { z } from "zod";
import { ROWS_PER_PAGE, type RowSet } from "../contract/ports.ts";

const column = z.union([
  z.object({ name: z.string(), type: z.string() }),
  z
    .object({ Name: z.string(), Type: z.string() })
    .transform(({ Name, Type }) => ({ name: Name, type: Type })),
]);
const schemaSchema = z.array(column);
const row = z.record(z.string(), z.unknown());
/** What is left of an answer once its rows are taken out. */
const restSchema = z.looseObject({ schema: z.unknown(), results: z.array(z.never()) });

/** Keeps the columns of the schema and drops OData's annotations. Throws a plain error for what is no such answer. */
export function parseRows(body: readonly Uint8Array[]): RowSet {
  const schema = readSchema(body);
  const pages: Uint8Array[] = [];
  const rowEnds: number[] = [];
  let end = 0;
  let texts: string[] = [];
  let rest: unknown;
  const endPage = (): void => {
    pages.push(gzipSync(`[${texts.join(",")}]`));
    texts = [];
  };
  for (const { key, value } of readPieces(body)) {
    if (typeof key === "number") {
      const text = unmarked(JSON.stringify(pick(row.parse(value), schema)));
      texts.push(text);
      // With the bracket or comma in front of it.
      end += 1 + Buffer.byteLength(text);
      rowEnds.push(end);
      if (texts.length === ROWS_PER_PAGE) endPage();
    } else if (key === undefined) rest = value;
  }
  restSchema.parse(rest);
  if (texts.length > 0) endPage();
  return {
    schema: schema.map(({ name, type }) => ({ name: unmark(name), type })),
    rowCount: rowEnds.length,
    pages,
    rowEnds: Uint32Array.from(rowEnds),
  };
}

/** A reading of its own, which ends at the schema: it may come after the rows, which would then have to be kept. */
function readSchema(body: readonly Uint8Array[]): RowSet["schema"] {
  for (const { key, value } of readPieces(body)) if (key === "schema") return schemaSchema.parse(value);
  throw new Error("no schema");
}

function pick(result: Readonly<Record<string, unknown>>, schema: RowSet["schema"]): Record<string, unknown> {
  const cells: [string, unknown][] = [];
  for (const { name } of schema) {
    // Keys were measured to be the column names; one page of the documentation shows them in camel case.
    const key = Object.hasOwn(result, name) ? name : `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    if (Object.hasOwn(result, key)) cells.push([name, result[key]]);
  }
  return Object.fromEntries(cells);
}

interface Piece {
  /** A number for a row, `schema` for that, and nothing for the rest, which comes last. */
  key: string | number | undefined;
  value: unknown;
}

/** The parts of an answer as they end, so that one chunk of it is in memory as values, never the whole. */
function* readPieces(body: readonly Uint8Array[]): Generator<Piece, void> {
  const tokenizer = new Tokenizer();
  // The library tells one to override it with what keeps long numbers, but types it as if it could give numbers only.
  Object.assign(tokenizer, { parseNumber: readNumber });
  const parser = new TokenParser({ paths: ["$", "$.schema", "$.results.*"] });
  tokenizer.onToken = (token) => {
    const value = marked(token.value);
    parser.write(value === token.value ? token : { ...token, value });
  };
  let pieces: Piece[] = [];
  parser.onValue = ({ key, value, parent }) => {
    pieces.push({ key, value });
    // The library's own way to forget, `keepStack: false`, takes time with the square of the depth.
    if (Array.isArray(parent)) parent.length = 0;
  };
  // The tokenizer refuses bytes that are not UTF-8; here they become U+FFFD, for a text that was cut is no reason to lose all rows.
  const decoder = new TextDecoder();
  for (const chunk of body) {
    tokenizer.write(decoder.decode(chunk, { stream: true }));
    yield* pieces;
    pieces = [];
  }
}

/**
 * The library assigns to keys, and what is assigned to `__proto__` is lost. So that text gets a mark, and what looks marked already
 * one more: as every such text has one too many, taking one away gives back what came.
 */
function marked<Value>(value: Value): Value | string {
  return typeof value === "string" && /^__proto__'*$/.test(value) ? `${value}'` : value;
}

function unmark(text: string): string {
  return text.replace(/^(__proto__'*)'$/, "$1");
}

/** In JSON. A quote behind a backslash is inside a text. */
function unmarked(json: string): string {
  return json.includes("__proto__'") ? json.replaceAll(/(?<!\\)"(__proto__'*)'"/g, '"$1"') : json;
}

const LONG_INTEGER = /^-?\d{16,}$/;

/** Integers beyond 2^53, such as a long `ReportId`, become text: as numbers they would lose their last digits. */
function readNumber(text: string): number | string {
  const number = Number(text);
  return LONG_INTEGER.test(text) && !Number.isSafeInteger(number) ? text : number;
}
