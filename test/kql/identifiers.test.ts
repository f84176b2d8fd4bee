/** Names of tables and columns, held against every keyword of the language. */
import { describe, expect, it } from "vitest";
import { identifier, isIdentifier } from "../../src/kql/identifiers.ts";
import { keywords, parseKql } from "../support/kusto.ts";

describe("identifier", () => {
  it("leaves the names of Defender as they are", () => {
    expect(identifier("InitiatingProcessSHA1")).toBe("InitiatingProcessSHA1");
  });

  it("writes any keyword so that it parses as a table and as a column", () => {
    const names = [...keywords(), "true", "True", "TRUE", "false", "False", "FALSE", "null", "h", "H"].filter(
      isIdentifier,
    );
    expect(names.length).toBeGreaterThan(200);
    const broken = names.filter((name) => {
      const written = identifier(name);
      const query = `union ${written}, (${written} | where ${written} >= now())\n| where ${written} in~ ('a')\n| top 5 by ${written} asc\n| project ${written}`;
      return [query, `${written}\n| take 1`].some((text) => parseKql(text).errors.length > 0);
    });
    expect(broken).toEqual([]);
  });

  it.each(["", "1st", "a b", "a-b", "a.b", "a']", "Ünit", "a\n", `A${"a".repeat(128)}`])(
    "refuses %j",
    (name) => {
      expect(() => identifier(name)).toThrow("allowed: a name of letters, digits and _");
    },
  );

  it("takes 128 characters", () => {
    expect(isIdentifier("A".repeat(128))).toBe(true);
  });
});
