import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RowSet } from "../../src/contract/ports.ts";
import { openRowReader } from "../../src/defender/rows.ts";

const never = new AbortController().signal;

function reader() {
  const rows = openRowReader();
  onTestFinished(() => rows.close());
  return {
    read: (answer: unknown, signal = never) =>
      rows.read([Buffer.from(typeof answer === "string" ? answer : JSON.stringify(answer))], signal),
  };
}

function pagesOf(set: RowSet): unknown[][] {
  return set.pages.map((page) => JSON.parse(gunzipSync(page).toString()));
}

const schema = [
  { name: "Timestamp", type: "DateTime" },
  { name: "LogonId", type: "Int64" },
];

describe("a hunting answer", () => {
  test("keeps the columns of its schema and drops annotations", async () => {
    const results = [
      { "LogonId@odata.type": "#Int64", LogonId: 7, Timestamp: "2026-03-26T09:39:50.7688641Z" },
      { LogonId: null },
    ];
    const set = await reader().read({ "@odata.context": "x", schema, results });
    expect(set).toMatchObject({ schema, rowCount: 2 });
    expect(pagesOf(set)).toEqual([
      [{ Timestamp: "2026-03-26T09:39:50.7688641Z", LogonId: 7 }, { LogonId: null }],
    ]);
  });

  test("without rows keeps its schema", async () => {
    expect(await reader().read({ schema, results: [] })).toEqual({
      schema,
      rowCount: 0,
      pages: [],
      rowEnds: new Uint32Array(),
    });
  });

  test("says where each row ends in the JSON of all, in bytes", async () => {
    const results = Array.from({ length: 2_500 }, (_, index) => ({
      LogonId: index,
      Timestamp: "é".repeat(index % 3),
    }));
    const set = await reader().read({ schema, results });
    const rows = pagesOf(set).flat();
    expect(set.rowEnds).toHaveLength(2_500);
    for (const count of [1, 2, 999, 1_000, 1_001, 2_500])
      expect(set.rowEnds[count - 1]).toBe(Buffer.byteLength(JSON.stringify(rows.slice(0, count))) - 1);
  });

  test("may spell its schema in Pascal case and its keys in camel case", async () => {
    const set = await reader().read({
      schema: [{ Name: "FileName", Type: "String" }],
      results: [{ fileName: "cmd.exe" }],
    });
    expect(set.schema).toEqual([{ name: "FileName", type: "String" }]);
    expect(pagesOf(set)).toEqual([[{ FileName: "cmd.exe" }]]);
  });

  test("keeps columns apart whose names differ in case alone", async () => {
    const both = [
      { name: "LogonId", type: "Int64" },
      { name: "LogonID", type: "Int64" },
    ];
    expect(pagesOf(await reader().read({ schema: both, results: [{ LogonId: 1, LogonID: 2 }] }))).toEqual([
      [{ LogonId: 1, LogonID: 2 }],
    ]);
  });

  test("keeps every digit of a long integer, as text, and leaves texts alone", async () => {
    const text = `{"schema":[{"name":"A","type":"Int64"},{"name":"B","type":"String"},{"name":"C","type":"Double"}],
      "results":[{"A":-9223372036854775807,"B":"x: 9223372036854775807, \\"","C":12345678901234567.5},{"A":1234567890123456,"B":[9007199254740993],"C":1e300}]}`;
    expect(pagesOf(await reader().read(text))).toEqual([
      [
        { A: "-9223372036854775807", B: 'x: 9223372036854775807, "', C: 12345678901234568 },
        { A: 1234567890123456, B: ["9007199254740993"], C: 1e300 },
      ],
    ]);
  });

  test("may name its columns after its rows", async () => {
    const results = Array.from({ length: 1_001 }, (_, index) => ({ LogonId: index, Other: "x".repeat(100) }));
    const set = await reader().read({ results, schema });
    expect(set).toMatchObject({ schema, rowCount: 1_001 });
    expect(pagesOf(set).flat()).toEqual(results.map(({ LogonId }) => ({ LogonId })));
  });

  test("loses a character that is no UTF-8, and nothing else", async () => {
    const answer = Buffer.from(JSON.stringify({ schema, results: [{ Timestamp: "a~b" }, { LogonId: 1 }] }));
    answer[answer.indexOf("~")] = 0xff;
    const rows = openRowReader();
    onTestFinished(() => rows.close());
    expect(pagesOf(await rows.read([answer], never))).toEqual([[{ Timestamp: "a\ufffdb" }, { LogonId: 1 }]]);
  });

  test("has pages of a thousand rows", async () => {
    const results = Array.from({ length: 2_001 }, (_, index) => ({ LogonId: index }));
    const pages = pagesOf(await reader().read({ schema, results }));
    expect(pages.map((page) => page.length)).toEqual([1_000, 1_000, 1]);
    expect(pages[2]).toEqual([{ LogonId: 2_000 }]);
  });

  test.each([
    "",
    "<html>",
    "{}",
    '{"schema":[],"results":[1]}',
    '{"schema":[{"name":1}],"results":[]}',
    '{"schema":[]}',
    '{"schema":[],"results":{"0":{}}}',
    '{"schema":[],"results":[]} x',
  ])("that is none is refused: %j", async (text) => {
    await expect(reader().read(text)).rejects.toThrow();
  });
});

describe("a big answer", () => {
  const big = {
    schema,
    results: Array.from({ length: 5_000 }, (_, LogonId) => ({
      LogonId,
      Timestamp: randomBytes(40).toString("hex"),
    })),
  };

  test("is read the same way, in a thread that leaves the event loop free", async () => {
    const rows = reader();
    let turns = 0;
    const pulse = setInterval(() => {
      turns += 1;
    }, 5);
    const set = await rows.read(big);
    clearInterval(pulse);
    expect(turns).toBeGreaterThan(3);
    expect(set.rowCount).toBe(5_000);
    expect(pagesOf(set).flat()).toEqual(
      big.results.map(({ Timestamp, LogonId }) => ({ Timestamp, LogonId })),
    );
  });

  test("that is none is refused too", async () => {
    await expect(reader().read(JSON.stringify({ ...big, schema: 1 }))).rejects.toThrow();
    await expect(reader().read(`${"[".repeat(300_000)}${"]".repeat(300_000)}`)).rejects.toThrow();
  });

  test("is given up when the job is stopped", async () => {
    const stop = new AbortController();
    const work = reader().read(big, stop.signal);
    stop.abort();
    await expect(work).rejects.toThrow();
  });
});
