import { expect, it } from "vitest";
import { UndoItems } from "../../../producers/bulk/undo-items.ts";
import { outcomeSchema } from "../../../src/bulk/run.ts";

const outcome = (more: object) =>
  outcomeSchema.parse({ id: "1", result: "changed", at: "2026-11-24T08:00:00.000Z", ...more });

it("puts back what a run has changed, if it still is as the run left it", () => {
  const items = new UndoItems();
  const before = { status: "active", customTags: ["a"], assignedTo: null };
  const after = { status: "resolved", customTags: ["a", "b"], assignedTo: "ada" };
  expect(items.toItem(outcome({ before, after }))).toEqual({
    id: "1",
    change: { status: "active", set_tags: ["a"], unassign: true },
    listed: after,
  });
  expect(items.remains).toEqual({ fixed: 0, fixed_sample: [], only_comment: 0, unread: 0 });
});

it.each(["unchanged", "skipped", "failed"])("leaves alone what was %s", (result) => {
  expect(new UndoItems().toItem(outcome({ result, before: { status: "active" } }))).toBeNull();
});

it("counts what it cannot put back, and names the first", () => {
  const items = new UndoItems();
  for (let id = 1; id <= 25; id += 1)
    expect(items.toItem(outcome({ id: String(id), before: { classification: null } }))).toBeNull();
  expect(items.toItem(outcome({ after: {} }))).toBeNull();
  expect(items.toItem(outcome({ after: { status: "resolved" } }))).toBeNull();
  expect(items.remains).toMatchObject({ fixed: 25, only_comment: 1, unread: 1 });
  expect(items.remains.fixed_sample).toHaveLength(20);
});
