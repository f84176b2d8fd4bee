/** Turns the answer of a hunting query into compressed pages. Pure: it also runs in a thread of its own. */
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { ROWS_PER_PAGE, type RowSet } from "../contract/ports.ts";

const column = z.union([
  z.object({ name: z.string(), type: z.string() }),
  z
    .object({ Name: z.string(), Type: z.string() })
    .transform(({ Name, Type }) => ({ name: Name, type: Type })),
]);
const row = z.record(z.string(), z.unknown());
const answerSchema = z.looseObject({ schema: z.array(column), results: z.array(row) });

/** Keeps the columns of the schema and drops OData's annotations. Throws a plain error for what is no such answer. */
export function parseRows(body: Uint8Array): RowSet {
  const { schema, results } = answerSchema.parse(parseExactly(new TextDecoder().decode(body)));
  const pages: Uint8Array[] = [];
  const rowEnds = new Uint32Array(results.length);
  let end = 0;
  for (let start = 0; start < results.length; start += ROWS_PER_PAGE) {
    const rows = results
      .slice(start, start + ROWS_PER_PAGE)
      .map((result) => JSON.stringify(pick(result, schema)));
    pages.push(gzipSync(`[${rows.join(",")}]`));
    for (const [index, text] of rows.entries()) {
      // With the bracket or comma in front of it.
      end += 1 + Buffer.byteLength(text);
      rowEnds[start + index] = end;
    }
  }
  return { schema, rowCount: results.length, pages, rowEnds };
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

const LONG_INTEGER = /[:,[]\s*-?\d{16}/;
const TEXT_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

/** JSON whose integers beyond 2^53, such as a long `ReportId`, become text: as numbers they would lose their last digits. */
function parseExactly(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  if (!LONG_INTEGER.test(text)) return parsed;
  const quoted = text.replace(TEXT_OR_LONG_INTEGER, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`,
  );
  return JSON.parse(quoted);
}
