/** What holds for every hunting answer: its rows are read as `JSON.parse` reads them, wherever its parts lie. */
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseRows } from "../../src/defender/row-parser.ts";

/** Names that mean something to JavaScript, and what resembles them. */
const special = fc.constantFrom(
  "__proto__",
  "__proto__'",
  "__proto__''",
  `"__proto__'`,
  "constructor",
  "toString",
);
const name = fc.oneof(fc.string({ minLength: 1, unit: "grapheme" }), special);
const cell = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: "grapheme" }),
  special,
  special.map((key) => Object.fromEntries([[key, { [key]: [key] }]])),
);

/** An answer's text, its parts in any order and with any blanks, and its rows. */
const answers = fc
  .record({
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
    rows: fc.array(fc.array(cell, { minLength: 4, maxLength: 4 }), { maxLength: 5 }),
    indent: fc.constantFrom(0, 1),
    isSchemaLast: fc.boolean(),
    context: fc.jsonValue(),
  })
  .map(({ names, rows, indent, isSchemaLast, context }) => {
    const schema = names.map((each) => ({ name: each, type: "String" }));
    const results = rows.map((cells) => Object.fromEntries(names.map((each, at) => [each, cells[at]])));
    const parts = {
      "@odata.context": context,
      ...(isSchemaLast ? { results, schema } : { schema, results }),
    };
    return { text: JSON.stringify(parts, null, indent), results };
  });

/** As rows are kept: an integer that JavaScript cannot count with is a text. */
function asKept(rows: unknown): unknown {
  const isLong = (value: unknown) => /^-?\d{16,}$/.test(String(value)) && !Number.isSafeInteger(value);
  const json = JSON.stringify(rows, (_, value) =>
    typeof value === "number" && isLong(value) ? String(value) : value,
  );
  return JSON.parse(json);
}

/** In pieces of so many bytes, which may lie across anything. */
function piecesOf(text: string, bytes: number): Buffer[] {
  const body = Buffer.from(text);
  return Array.from({ length: Math.ceil(body.length / bytes) }, (_, at) =>
    body.subarray(at * bytes, (at + 1) * bytes),
  );
}

it("is read as its text says", () => {
  fc.assert(
    fc.property(answers, fc.integer({ min: 1, max: 200 }), ({ text, results }, bytes) => {
      const { schema, pages } = parseRows(piecesOf(text, bytes));
      expect(schema).toEqual(JSON.parse(text).schema);
      expect(pages.flatMap((page) => JSON.parse(gunzipSync(page).toString()))).toEqual(asKept(results));
    }),
    { numRuns: 150 },
  );
});

it("is refused when it breaks off", () => {
  fc.assert(
    fc.property(answers, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), ({ text }, share) => {
      const body = Buffer.from(text);
      expect(() => parseRows([body.subarray(0, Math.floor(share * body.length))])).toThrow();
    }),
    { numRuns: 100 },
  );
});
