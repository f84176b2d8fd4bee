import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJsonText } from "../../../producers/commands/json-text.ts";

describe("JSON that people typed", () => {
  it("is read, with or without a byte order mark", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseJsonText(text, "--input")).toEqual(JSON.parse(text));
        expect(parseJsonText(`\uFEFF${text}`, "--input")).toEqual(JSON.parse(text));
      }),
    );
  });

  it("is refused with the very place where it breaks", () => {
    const broken = fc.jsonValue().chain((value) => {
      const text = JSON.stringify(value, null, 1);
      return fc.nat(text.length).map((at) => ({ at, text: `${text.slice(0, at)}\u0007${text.slice(at)}` }));
    });
    fc.assert(
      fc.property(broken, ({ at, text }) => {
        const lines = text.slice(0, at).split("\n");
        const place = `found "\\u0007" at line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
        expect(() => parseJsonText(text, "--input")).toThrow(`--input: not JSON: ${place}`);
      }),
    );
  });

  it("is refused when there is none", () => {
    expect(() => parseJsonText(" \n", "standard input")).toThrow("standard input: given nothing");
  });
});
