/** Where KQL's literals and comments end, and what cannot be read at all. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { place, splitAt, tokenize } from "../../src/kql/tokens.ts";

const texts = (kql: string) => tokenize(kql).map((token) => token.text);

describe("tokenize", () => {
  it.each([
    ["single quotes with an escaped quote", String.raw`'a\';b'`],
    ["double quotes", `"a;'b"`],
    ["a verbatim string, where the backslash is text and the quote is doubled", String.raw`@'a\''b;'`],
    ["an obfuscated string", `h'a;b'`],
    ["an obfuscated verbatim string", String.raw`H@"a\;"`],
    ["a fence of backticks over several lines", "```a;\n'b```"],
    ["a fence of tildes", `~~~a;"\n~~~`],
    ["a typed literal, in which a quote opens no string", "datetime(';)"],
  ])("takes %s as one literal", (_case, literal) => {
    expect(texts(`T | where x == ${literal} ; U`)).toEqual([
      "T",
      "|",
      "where",
      "x",
      "=",
      "=",
      literal,
      ";",
      "U",
    ]);
  });

  it("takes adjacent literals as two", () => {
    expect(texts(`'a''b'`)).toEqual(["'a'", "'b'"]);
  });

  it("bears brackets 200 deep, and refuses deeper ones, which would hold the parser", () => {
    const nested = (depth: number) => `T | where ${"([".repeat(depth / 2)}1${"])".repeat(depth / 2)}`;
    expect(tokenize(nested(200))).toHaveLength(404);
    expect(() => tokenize(nested(202))).toThrow(
      "brackets are nested more than 200 deep at line 1, column 211; allowed: 200",
    );
  });

  it("leaves out comments up to the end of their line, whatever ends it", () => {
    expect(texts("a // ; '\nb // |\r c // (\u2028 d // end")).toEqual(["a", "b", "c", "d"]);
  });

  it("takes an h as the end of a word, not as the prefix of a string", () => {
    expect(texts(`path'a'`)).toEqual(["path", "'a'"]);
  });

  it.each([
    ["a quote without an end", "T\n| where x == 'a", "line 2, column 14"],
    ["a string that a line break ends", "T | where x == 'a\n'", "line 1, column 16"],
    ["an escape that KQL does not know", String.raw`'a\q'`, "line 1, column 1"],
    ["a verbatim string that ends in a doubled quote", "@'a''", "line 1, column 1"],
    ["a fence without an end", "x == ```a", "line 1, column 6"],
    ["a directive, which would hide the rest of its line", "T # ; U", "line 1, column 3"],
  ])("refuses %s", (_case, kql, where) => {
    const read = () => tokenize(kql);
    expect(read).toThrow(Failure);
    expect(read).toThrow(where);
  });

  it("counts open brackets of every kind", () => {
    expect(tokenize("a (b [c {d}])").map((token) => token.depth)).toEqual([0, 0, 1, 1, 2, 2, 3, 2, 1, 0]);
  });
});

describe("splitAt", () => {
  it("splits at top-level separators only", () => {
    const parts = splitAt(tokenize("a (b; c) ';' ; d"), ";");
    expect(parts.map((part) => part.map((token) => token.text).join(" "))).toEqual(["a ( b ; c ) ';'", "d"]);
  });
});

describe("place", () => {
  it("counts lines and columns from one", () => {
    expect(place("ab\r\ncd", 5)).toBe("line 2, column 2");
  });
});
