import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pathSegment, queryOptions } from "../../src/defender/odata.ts";

function throws(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}

describe("text from outside", () => {
  test("keeps its value as a query option", () => {
    const texts = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(texts, texts, (one, two) => {
        const url = new URL(`https://graph.contoso.com/x${queryOptions({ $filter: one, $search: two })}`);
        return url.searchParams.get("$filter") === one && url.searchParams.get("$search") === two;
      }),
    );
  });

  test("is one path segment or refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (id) => {
        if (/^\.{0,2}$/.test(id)) return throws(() => pathSegment(id));
        const { pathname, search, hash } = new URL(`https://graph.contoso.com/a/${pathSegment(id)}/b`);
        return (
          pathname.split("/").map(decodeURIComponent).join("\n") === `\na\n${id}\nb` && search + hash === ""
        );
      }),
    );
  });

  test("that is undefined is left out", () => {
    expect(queryOptions({ $filter: undefined, $top: 5 })).toBe("?$top=5");
    expect(queryOptions({ $filter: undefined })).toBe("");
  });
});
