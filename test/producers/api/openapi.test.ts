import { describe, expect, it } from "vitest";
import { makeOpenApi } from "../../../producers/api/openapi.ts";
import { ACTION_NAMES, findAction } from "../../../src/actions/catalog.ts";

const document = JSON.parse(JSON.stringify(makeOpenApi()));

function find(pointer: string): unknown {
  const parts = pointer.replace(/^#\//, "").split("/");
  return parts.reduce<unknown>((at, part) => Object(at)[part], document);
}

describe("the OpenAPI document", () => {
  it("has a schema behind every reference", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = ""]) => to);
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((to) => find(to) === undefined)).toEqual([]);
  });

  it("describes the arguments of every action as its schema has them", () => {
    for (const name of ACTION_NAMES) {
      const { properties, required } = Object(find(`#/components/schemas/${name}`));
      expect(Object.keys(properties)).toEqual(Object.keys(findAction(name).input.shape));
      expect(required).toContain("case_id");
    }
  });
});
