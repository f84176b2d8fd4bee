/** KQL evaluation, one behaviour a line: queries over small literal tables against the rows that the engine would give. */
import { beforeAll, describe, expect, it } from "vitest";
import { interpret } from "./interpreter.ts";
import { refusalOf } from "./refusals.ts";
import type { Column, Row } from "./relation.ts";
import { Parser } from "./syntax.ts";
import { parseDatetime, textOf, type Value } from "./values.ts";

const columns: ReadonlyMap<string, Column[]> = new Map([
  [
    "T",
    [
      { name: "Name", type: "string" },
      { name: "N", type: "long" },
      { name: "At", type: "datetime" },
      { name: "D", type: "dynamic" },
    ],
  ],
  [
    "U",
    [
      { name: "Name", type: "string" },
      { name: "N", type: "string" },
      { name: "Odd name", type: "string" },
    ],
  ],
]);
const at = (text: string): Value => parseDatetime(text);
const rows: ReadonlyMap<string, Row[]> = new Map([
  [
    "T",
    [
      ["cmd.exe", 1, at("2026-01-01T00:30:00Z"), { a: { b: 5 }, list: ["x", "y"] }],
      ["CMD.EXE", 2, at("2026-01-01T01:15:00Z"), null],
      ["power shell", null, at("2026-01-02T00:00:00.1234567Z"), { a: null }],
      ["", 4, null, null],
    ],
  ],
  [
    "U",
    [
      ["cmd.exe", "u1", "o'brien"],
      ["cmd.exe", "u2", ""],
      ["other", "u3", "x"],
    ],
  ],
]);
const nowTicks = parseDatetime("2026-01-02T12:00:00Z") ?? 0n;

let parser: Parser;
beforeAll(() => {
  parser = new Parser(columns);
}, 60_000);

function run(query: string): unknown[][] {
  const parsed = parser.parse(query);
  expect(refusalOf(parsed)).toBeUndefined();
  const tables = {
    get: (name: string) => ({ columns: columns.get(name) ?? [], rows: rows.get(name) ?? [] }),
  };
  const result = interpret(parsed.root, tables, nowTicks);
  return [...result.rows].map((row) =>
    row.map((value, index) =>
      typeof value === "bigint" ? textOf(value, result.columns[index]?.type ?? "") : value,
    ),
  );
}

/** The `N` of the rows that a condition keeps. */
const kept = (condition: string) => run(`T | where ${condition} | project N`).map(([n]) => n);

describe("where", () => {
  it.each<[string, (number | null)[]]>([
    ["Name == 'cmd.exe'", [1]],
    ["Name =~ 'cmd.exe'", [1, 2]],
    ["Name != 'cmd.exe'", [2, null, 4]],
    ["Name !~ 'cmd.exe'", [null, 4]],
    ["Name in ('cmd.exe', 'x')", [1]],
    ["Name in~ ('cmd.exe', 'x')", [1, 2]],
    ["Name !in ('cmd.exe')", [2, null, 4]],
    ["Name !in~ ('cmd.exe')", [null, 4]],
    ["Name in (dynamic(['cmd.exe']))", [1]],
    ["Name in ((U | project Name))", [1]],
    ["Name has 'exe'", [1, 2]],
    ["Name has 'ex'", []],
    ["Name has 'cmd.exe'", [1, 2]],
    ["Name has_cs 'CMD'", [2]],
    ["Name !has 'exe'", [null, 4]],
    ["Name has_any ('shell', 'zzz')", [null]],
    ["Name has_all ('power', 'shell')", [null]],
    ["Name hasprefix 'pow'", [null]],
    ["Name contains 'OWER'", [null]],
    ["Name contains_cs 'OWER'", []],
    ["Name startswith 'cmd'", [1, 2]],
    ["Name !startswith 'cmd'", [null, 4]],
    ["Name endswith_cs '.exe'", [1]],
    ["Name matches regex '^c.d'", [1]],
    ["isempty(Name)", [4]],
    ["isnotempty(Name)", [1, 2, null]],
    ["isnull(N) or N == 4", [null, 4]],
    ["N != 1", [2, null, 4]],
    ["not(N > 1)", [1]],
    ["N between (1 .. 2)", [1, 2]],
    ["N !between (1 .. 2)", [4]],
    ["N * 2 >= 4 and N - 1 < 3", [2]],
    ["N % 2 == 0", [2, 4]],
    ["At > ago(12h)", [null]],
    ["At >= datetime(2026-01-01T01:15) and At < now()", [2, null]],
    ["At between (datetime(2026-01-01) .. 1h)", [1]],
    ["bin(At, 1h) == datetime(2026-01-01 01:00:00)", [2]],
    ["todatetime('2026-01-01T00:30:00Z') == At", [1]],
    ["D.a.b == 5", [1]],
    ["D['list'][1] == 'y'", [1]],
    ["ipv4_is_in_range('10.1.2.3', '10.1.0.0/16')", [1, 2, null, 4]],
    ["ipv4_is_in_range('10.2.2.3', '10.1.0.0/16')", []],
    ["strcat(Name, '!') == @'cmd.exe!'", [1]],
    ["toupper(Name) == h'CMD.EXE'", [1, 2]],
    ['tolower(Name) == "cmd\\u002eexe"', [1, 2]],
    ["Name == 'cmd' '.exe'", [1]],
    ["['Name'] == 'cmd.exe'", [1]],
  ])("%s", (condition, expected) => {
    expect(kept(condition)).toEqual(expected);
  });
});

describe("operators", () => {
  it.each<[string, unknown[][]]>([
    ["T | count", [[4]]],
    ["T | take 2 | project N", [[1], [2]]],
    ["T | limit 0", []],
    ["T | top 2 by N | project N", [[4], [2]]],
    ["T | top 2 by N asc nulls last | project N", [[1], [2]]],
    ["T | sort by N | project N", [[4], [2], [1], [null]]],
    ["T | order by N asc | project N", [[null], [1], [2], [4]]],
    ["T | sort by isempty(Name) asc, N desc | take 1 | project N", [[2]]],
    ["T | extend M = N + 0.5, N = 7 | where M == 1.5 | project N, M", [[7, 1.5]]],
    ["T | project-away N, At, D | take 1", [["cmd.exe"]]],
    ["T | distinct tolower(Name)", [["cmd.exe"], ["power shell"], [""]]],
    ["U | distinct Name | sort by Name asc", [["cmd.exe"], ["other"]]],
    [
      "T | summarize count(), dcount(tolower(Name)), sum(N), min(N), max(At)",
      [[4, 3, 7, 1, "2026-01-02T00:00:00.1234567Z"]],
    ],
    [
      "U | summarize c=count(), s=make_set(N) by Name | sort by c desc",
      [
        ["cmd.exe", 2, ["u1", "u2"]],
        ["other", 1, ["u3"]],
      ],
    ],
    [
      "T | where isnotnull(At) | summarize count() by bin(At, 1d) | sort by At asc",
      [
        ["2026-01-01T00:00:00.0000000Z", 2],
        ["2026-01-02T00:00:00.0000000Z", 1],
      ],
    ],
    ["T | where N == 9 | summarize count(), max(N)", [[0, null]]],
    ["T | where N == 9 | summarize count() by Name", []],
    [
      "T | join kind=inner U on Name | project N, N1",
      [
        [1, "u1"],
        [1, "u2"],
      ],
    ],
    ["T | join kind=inner (U | take 1) on $left.Name == $right.Name | project N1", [["u1"]]],
    ["T | join kind=leftanti U on Name | project N", [[2], [null], [4]]],
    [
      "union (T | where N == 1 | project Name), (U | where N == 'u3' | project Name)",
      [["cmd.exe"], ["other"]],
    ],
    [
      "union T, U | where N_string == 'u1' or N_long == 2 | project Name, N_long, N_string",
      [
        ["CMD.EXE", 2, ""],
        ["cmd.exe", null, "u1"],
      ],
    ],
    ["union isfuzzy=true NoSuchTable, (AlsoNot | where x == 1), U | count", [[3]]],
    ["T | union (U | project Name) | count", [[7]]],
    ["let least = 2; let Few = T | where N >= least; Few | project N", [[2], [4]]],
    ["U | where ['Odd name'] == 'o\\'brien' | project N", [["u1"]]],
    ["U | getschema | project ColumnName, ColumnType | take 1", [["Name", "string"]]],
    ["T | take 1 // and no more\n | project N;", [[1]]],
    [
      "print a=5/2, b=5.0/2, c=1h+30m, d=iff(1==1,'y','n'), e=tostring(3), f=datetime(null)",
      [[2, 2.5, "01:30:00", "y", "3", null]],
    ],
    ["print dynamic({'a':[1,{\"b\":true}],'c':null})", [[{ a: [1, { b: true }], c: null }]]],
  ])("%s", (query, expected) => {
    expect(run(query)).toEqual(expected);
  });
});
