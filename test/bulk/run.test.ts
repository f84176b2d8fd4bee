/** The wire format of a run and of its items. */
import { describe, expect, it } from "vitest";
import { endedOf, readItem, runSpecSchema, writeItem } from "../../src/bulk/run.ts";

describe("a run on the wire", () => {
  it("keeps an item as its bare id when there is no more to it", () => {
    expect(writeItem({ id: "29" })).toBe("29");
    expect(readItem("29")).toEqual({ id: "29" });
  });

  it("keeps what an item sets in its own way, and what it was", () => {
    const item = { id: "29", change: { status: "active" }, listed: { status: "resolved" } };
    expect(readItem(writeItem(item))).toEqual(item);
  });

  it("refuses an item that is no incident's number", () => {
    expect(() => readItem("29/comments")).toThrow();
  });

  it("fills in what an older producer did not write", () => {
    const spec = runSpecSchema.parse({
      v: 1,
      run_id: "r1",
      case_id: "4711",
      instance: "default",
      owner: "ada",
      kind: "reclassify",
      selection: { kind: "items" },
      change: { status: "resolved" },
    });
    expect(spec).toMatchObject({ verify: true, limit: null, max_failures: { percent: 5 } });
    expect(spec.change.add_tags).toEqual([]);
  });

  it("counts as ended what changed, was so, was skipped or failed", () => {
    const counts = { read: 9, selected: 9, changed: 3, unchanged: 1, waiting: 1, in_hand: 0 };
    expect(endedOf({ ...counts, skipped: { merged: 2, changed: 1 }, failed: { not_found: 2 } })).toBe(9);
  });
});
