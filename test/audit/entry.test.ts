/** What an entry keeps of what it is told. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, LONGEST_LIST, LONGEST_TEXT, readEntry, writeEntry } from "../../src/audit/entry.ts";

const ENQUEUE = { verb: "enqueue", via: "cli" } as const;

describe("an entry", () => {
  it("keeps short texts as they are, and of long ones the beginning, the length and a hash", () => {
    const comment = `${"x".repeat(LONGEST_TEXT - 1)}😀 and more`;
    const entry = readEntry(writeEntry({ ...ENQUEUE, input: { comment, status: "Resolved" } }));
    const hash = createHash("sha256").update(comment).digest("hex");
    expect(entry?.input).toEqual({
      status: "Resolved",
      comment: `${"x".repeat(LONGEST_TEXT - 1)}\ufffd… (${comment.length} characters, SHA-256 ${hash})`,
    });
  });

  it("keeps the first of a long list, and says how many there were", () => {
    const tags = Array.from({ length: LONGEST_LIST + 5 }, (_, index) => `tag-${index}`);
    const entry = readEntry(writeEntry({ ...ENQUEUE, input: { tags } }));
    expect(entry?.input).toEqual({ tags: [...tags.slice(0, LONGEST_LIST), "… (25 in all)"] });
  });

  it("is bounded and can be read again, whatever the texts are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (text) => {
        const written = writeEntry({ ...ENQUEUE, case_id: text });
        expect(readEntry(written)?.case_id).toBe(cut(text));
        expect(cut(text).length).toBeLessThan(LONGEST_TEXT + 150);
      }),
    );
  });

  it.each(["", "no JSON", "[]", '{"v":2,"verb":"enqueue","via":"cli"}', '{"v":1,"verb":"sing","via":"cli"}'])(
    "that is none of ours is not read: %s",
    (text) => {
      expect(readEntry(text)).toBeNull();
    },
  );
});
