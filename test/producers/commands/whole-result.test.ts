import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { hasRows, wholeJson, wholeTable } from "../../../producers/commands/whole-result.ts";
import { type Result, resultSchema } from "../../../src/contract/result.ts";
import { type ReadRows, rowTexts } from "../../../src/results/row-texts.ts";

const TOTAL = 100_000;
const row = (id: number) => ({ Id: id, Name: `one\n"json_result": [] \u202e${id}` });
const rowsFrom = (offset: number, count: number) =>
  Array.from({ length: Math.max(0, count) }, (_, index) => row(offset + index));

const QUERY: Result = resultSchema.parse({
  v: 1,
  case_id: "4711",
  job_id: "j1",
  action: "execute_custom_query",
  instance: "default",
  status: "completed",
  is_success: true,
  json_result: rowsFrom(0, 1_000),
  warnings: [
    "a remark",
    `json_result holds the first 1000 of ${TOTAL} rows; all of them can be read by page.`,
  ],
  enqueued_at: "2026-03-18T10:00:00.000Z",
  expires_at: "2026-03-19T10:00:00.000Z",
  cursor: "1",
  kql: 'Big\n  "json_result": []',
  schema: [
    { name: "Id", type: "Int64" },
    { name: "Name", type: "String" },
  ],
  row_count: TOTAL,
});

/** Counts the pages that were read and not yet taken, by a taker who is slow. */
async function takeSlowly(open: (read: ReadRows) => AsyncIterable<string>, total: number) {
  let held = 0;
  let mostHeld = 0;
  let reads = 0;
  const read: ReadRows = async ({ offset, limit }) => {
    reads += 1;
    held += 1;
    mostHeld = Math.max(mostHeld, held);
    return { rows: rowsFrom(offset, Math.min(limit, total - offset)), total };
  };
  const texts: string[] = [];
  for await (const text of open(read)) {
    texts.push(text);
    await setImmediate();
    held = 0;
  }
  return { texts, mostHeld, reads };
}

describe("a result with every row", () => {
  it.each([
    ["JSON", (read: ReadRows) => wholeJson(QUERY, read)],
    ["a table", (read: ReadRows) => wholeTable(QUERY, read)],
    ["CSV", (read: ReadRows) => rowTexts(read, ["Id", "Name"], "csv")],
    ["NDJSON", (read: ReadRows) => rowTexts(read, ["Id", "Name"], "ndjson")],
  ])("is read as %s a page at a time, the next one when the last was taken", async (_, open) => {
    const { mostHeld, reads, texts } = await takeSlowly(open, 10_000);
    expect(reads).toBe(10);
    expect(mostHeld).toBe(1);
    expect(texts.length).toBeGreaterThanOrEqual(10);
  });

  it("is as JSON one value, the same text as from memory, without the word of rows left out", async () => {
    const { texts, mostHeld, reads } = await takeSlowly((read) => wholeJson(QUERY, read), TOTAL);
    const all = { ...QUERY, warnings: ["a remark"], json_result: rowsFrom(0, TOTAL) };
    const text = texts.join("");
    expect(JSON.parse(text)).toEqual(all);
    expect(text.replaceAll("\\u202e", "\u202e") === `${JSON.stringify(all, null, 2)}\n`).toBe(true);
    expect([mostHeld, reads]).toEqual([1, 100]);
    expect(Math.max(...texts.map((each) => each.length))).toBeLessThan(text.length / 50);
  });

  it("is as a table its summary once, and then each row", async () => {
    const { texts } = await takeSlowly((read) => wholeTable(QUERY, read), 2_345);
    const lines = texts.join("").split("\n");
    expect(lines.filter((line) => line.includes("execute_custom_query"))).toHaveLength(1);
    const ids = lines.flatMap((line) => /^│ (\d+) /.exec(line)?.[1] ?? []);
    expect(ids).toEqual(rowsFrom(0, 2_345).map(({ Id }) => String(Id)));
    expect(texts.join("")).not.toContain("\u202e");
  });

  it("is one value also when the rows went between two reads", async () => {
    const { texts } = await takeSlowly((read) => wholeJson(QUERY, read), 0);
    expect(JSON.parse(texts.join(""))).toMatchObject({ job_id: "j1", json_result: [] });
  });

  it("gives nothing when the first page cannot be read", async () => {
    const texts = wholeJson(QUERY, () => Promise.reject(new Error("gone")));
    await expect(texts.next()).rejects.toThrow("gone");
  });

  it("is for completed queries whose rows are kept", () => {
    expect(hasRows(QUERY)).toBe(true);
    for (const other of [{ status: "running" }, { rows_expired: true }, { schema: null }, { row_count: 0 }])
      expect(hasRows(resultSchema.parse({ ...QUERY, ...other }))).toBe(false);
  });
});
