import { expect, it } from "vitest";
import { toCsv } from "../../src/results/csv.ts";

it("quotes, spells values out, and disarms formulas but not numbers", () => {
  const records = [
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"],
    [-5, true, { a: [1] }, null, 'say "hi", twice\n'],
  ];
  expect(toCsv(records)).toBe(
    `'=1+1,'+1,'-1,'@SUM(A1),'\t=1\n-5,true,"{""a"":[1]}",,"say ""hi"", twice\n"\n`,
  );
});
