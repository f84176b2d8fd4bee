/** A user's whole query, bounded whatever it ends in. */
import { describe, expect, it } from "vitest";
import { boundQuery } from "../../src/kql/custom-query.ts";
import { parseKql } from "../support/kusto.ts";

describe("boundQuery", () => {
  it.each([
    ["a plain query", "AlertInfo", "AlertInfo\n| take 50"],
    ["a trailing comment", "AlertInfo // all", "AlertInfo\n| take 50"],
    ["a trailing semicolon", "AlertInfo ; \n", "AlertInfo\n| take 50"],
    ["a comment with a semicolon", "AlertInfo // all;", "AlertInfo\n| take 50"],
    [
      "let statements",
      "let a = 1;\nAlertInfo | where B == a;",
      "let a = 1;\nAlertInfo | where B == a\n| take 50",
    ],
    [
      "a function with statements of its own",
      "let f = (x: int) { let y = x; AlertInfo | where A == y };\nf(1)",
      "let f = (x: int) { let y = x; AlertInfo | where A == y };\nf(1)\n| take 50",
    ],
    ["an own limit", "AlertInfo | take 1000000", "AlertInfo | take 1000000\n| take 50"],
    ["an order", "AlertInfo | sort by Timestamp desc", "AlertInfo | sort by Timestamp desc\n| take 50"],
    ["a semicolon in a string", `AlertInfo | where A == ";"`, `AlertInfo | where A == ";"\n| take 50`],
    ["print", "print ok=1", "print ok=1\n| take 50"],
  ])("bounds %s", (_case, given, expected) => {
    const { kql, warnings } = boundQuery(given, 50);
    expect(kql).toBe(expected);
    expect(parseKql(kql)).toMatchObject({ errors: [] });
    expect(warnings).toEqual([]);
  });

  it("leaves out a final render, which must stand last, and says so", () => {
    const { kql, warnings } = boundQuery(
      "AlertInfo | summarize count() by Title | render piechart with (title='|')",
      50,
    );
    expect(kql).toBe("AlertInfo | summarize count() by Title\n| take 50");
    expect(parseKql(kql).errors).toEqual([]);
    expect(warnings).toEqual(["render was left out of the query: results are rows, not charts."]);
  });

  it.each([
    ["nothing", " // nothing ;\n", "the query is empty"],
    ["a second query", "AlertInfo; AlertEvidence", "the statement at line 1, column 1 is a query of its own"],
    ["a query before a let", "let a = 1; AlertInfo; let b = 2", "line 1, column 12"],
    ["an open fence, which would swallow the limit", "AlertInfo | where A == ```x", "not closed"],
  ])("refuses %s", (_case, given, message) => {
    expect(() => boundQuery(given, 50)).toThrow(message);
  });
});
