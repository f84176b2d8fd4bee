import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRows } from "../../src/defender/row-parser.ts";
import { showRows } from "../../src/engine/inline-rows.ts";

const NO_LIMIT = 1_000_000;

function answer(texts: readonly string[]) {
  const results = texts.map((Text) => ({ Text }));
  const set = parseRows([
    Buffer.from(JSON.stringify({ schema: [{ name: "Text", type: "String" }], results })),
  ]);
  return { results, set };
}

describe("a result shows by itself", () => {
  it("all rows of a small answer, without a word", () => {
    const { set } = answer(["a", "b"]);
    expect(showRows(set, { rows: 2, bytes: NO_LIMIT })).toEqual({
      rows: { pages: set.pages, inlineRows: 2 },
      warnings: [],
    });
  });

  it("no row of an answer without any", () => {
    expect(showRows(answer([]).set, { rows: 2, bytes: 0 })).toEqual({ rows: null, warnings: [] });
  });

  it("the first rows of a big one, and says so", () => {
    const { set } = answer(["a", "b", "c"]);
    for (const limit of [
      { rows: 2, bytes: NO_LIMIT },
      { rows: 3, bytes: Buffer.byteLength('[{"Text":"a"},{"Text":"b"}]') },
      { rows: 3, bytes: Buffer.byteLength('[{"Text":"a"},{"Text":"b"},{"Text":"c"}]') - 1 },
    ]) {
      expect(showRows(set, limit)).toMatchObject({
        rows: { inlineRows: 2 },
        warnings: ["json_result holds the first 2 of 3 rows; all of them can be read by page."],
      });
    }
  });

  it("as many rows as there may be and as fit in so many bytes, whichever is fewer", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme" })),
        fc.nat(12),
        fc.nat(400),
        (texts, rows, bytes) => {
          const { results, set } = answer(texts);
          const shown = showRows(set, { rows, bytes }).rows?.inlineRows ?? 0;
          const sizeOf = (count: number) => Buffer.byteLength(JSON.stringify(results.slice(0, count)));
          expect(shown).toBeLessThanOrEqual(rows);
          if (shown > 0) expect(sizeOf(shown)).toBeLessThanOrEqual(bytes);
          if (shown < Math.min(rows, results.length)) expect(sizeOf(shown + 1)).toBeGreaterThan(bytes);
        },
      ),
    );
  });
});
