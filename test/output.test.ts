import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toJson, visible } from "../src/output.ts";

const drivesTerminal = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

const anyText = fc.array(fc.nat(0x2fff)).map((codes) => String.fromCharCode(...codes));

describe("text from outside", () => {
  it("never drives the terminal", () => {
    expect(visible("a\u001b[31mb\n\u009b2J\u202eexe")).toBe("a\\u001b[31mb\\n\\u009b2J\\u202eexe");
    fc.assert(fc.property(anyText, (text) => !drivesTerminal.test(visible(text))));
  });

  it("is the same value as JSON, and as harmless", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const json = toJson({ text });
        expect(JSON.parse(json)).toEqual({ text });
        expect(json).not.toMatch(drivesTerminal);
      }),
    );
  });
});
