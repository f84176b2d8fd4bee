import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTable } from "../../../producers/commands/table.ts";

const ink = (text: string): string => text.replaceAll(/[\s─│┌┐└┘├┤┬┴┼]/g, "");

describe("a table", () => {
  const cell = fc.string({ unit: "grapheme-ascii", maxLength: 60 });

  it("fits the terminal and cuts nothing off", () => {
    fc.assert(
      fc.property(
        fc.array(cell, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 40, max: 200 }),
        (cells, width) => {
          const rows = cells.map((each, index) => [each, cells[index - 1] ?? ""]);
          const lines = formatTable(["Left", "Right"], rows, width).split("\n");
          expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
          for (const each of cells) {
            const columns = lines.map((line) => line.split("│")[1] ?? "");
            if (!each.includes("│")) expect(ink(columns.join(""))).toContain(ink(each));
          }
        },
      ),
    );
  });

  it("counts characters that take two cells", () => {
    const table = formatTable(["名前"], [["無題のドキュメント".repeat(5)]], 40);
    expect(table).not.toContain("…");
  });

  it("keeps line breaks of ours", () => {
    expect(formatTable(["A"], [["one\ntwo"]], 40).split("\n")).toHaveLength(6);
  });
});
