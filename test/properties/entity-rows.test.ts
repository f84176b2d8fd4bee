/** For any entities, tables and rows: the query finds exactly the rows that a plain look through the same data finds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { executeEntityQuery } from "../../src/actions/execute-entity-query.ts";
import { ENTITY_KINDS, type EntityKind } from "../../src/contract/entities.ts";
import { entityColumns } from "../../src/kql/tables.ts";
import { ENQUEUED_AT, runHunt } from "../kql/hunting.ts";
import { interpret } from "../simulator/hunting/interpreter.ts";
import type { Column, Row } from "../simulator/hunting/relation.ts";
import { tableColumns } from "../simulator/hunting/schemas.ts";
import { Parser } from "../simulator/hunting/syntax.ts";
import { ticksOf } from "../simulator/hunting/values.ts";
import { CELLS, SAMPLES, type Sample } from "./entity-samples.ts";

const TABLES = [
  "AlertInfo",
  "AlertEvidence",
  "DeviceNetworkEvents",
  "DeviceProcessEvents",
  "DeviceLogonEvents",
  "DeviceInfo",
  "DeviceNetworkInfo",
  "EmailEvents",
  "EmailUrlInfo",
  "UrlClickEvents",
  "IdentityLogonEvents",
];

const withId = new Map<string, readonly Column[]>(
  TABLES.map((table) => [table, [...(tableColumns.get(table) ?? []), { name: "RowId", type: "long" }]]),
);
const parser = new Parser(withId);

const START = ENQUEUED_AT.getTime() - 3_600_000;
const time = fc.constantFrom(
  START - 1,
  START,
  START + 1,
  START + 1_800_000,
  START + 3_599_999,
  START + 3_600_000,
);

/** A row's cells by column; the columns that hold no entity stay empty. */
function rowOf(table: string) {
  const cells: Record<string, fc.Arbitrary<string>> = {};
  for (const { name, type } of withId.get(table) ?? []) {
    const texts = type === "string" ? CELLS.find(([pattern]) => pattern.test(name))?.[1] : undefined;
    if (texts !== undefined) cells[name] = fc.constantFrom("", ...texts);
  }
  return fc.record({ table: fc.constant(table), time, cells: fc.record(cells) });
}

const scene = fc.uniqueArray(fc.constantFrom(...TABLES), { minLength: 1, maxLength: 3 }).chain((tables) =>
  fc.record({
    tables: fc.constant(tables),
    rows: fc.array(fc.oneof(...tables.map(rowOf)), { minLength: 5, maxLength: 25 }),
    samples: fc.uniqueArray(fc.constantFrom(...SAMPLES), { minLength: 1, maxLength: 5 }),
    operator: fc.constantFrom("AND", "OR"),
  }),
);
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

/** The plain look: no KQL, no columns by form, only what each sample finds in which cell. */
function expected({ tables, rows, samples, operator }: Scene): number[] {
  const hasMail = tables.some((table) => entityColumns(table, "email").length > 0);
  const kindOf = ({ kind, type }: Sample) =>
    kind === "email" && type !== "email" && !hasMail ? "user" : kind;
  const columnsOf = (table: string, kind: EntityKind) => {
    const own = entityColumns(table, kind);
    if (kind !== "email" || own.length > 0) return own;
    return entityColumns(table, "user").filter((column) => column.endsWith("Upn"));
  };
  const kinds = ENTITY_KINDS.filter((kind) => samples.some((sample) => kindOf(sample) === kind));
  return rows.flatMap(({ table, time: at, cells }, id) => {
    const passes = (kind: EntityKind) =>
      columnsOf(table, kind).some((column) =>
        samples.some((one) => kindOf(one) === kind && one.finds(cells[column] ?? "", column, cells)),
      );
    const isInside = at >= START && at < START + 3_600_000;
    return isInside && (operator === "AND" ? kinds.every(passes) : kinds.some(passes)) ? [id] : [];
  });
}

async function found({ tables, rows, samples, operator }: Scene): Promise<number[]> {
  const { sent, outcome } = await runHunt(executeEntityQuery, {
    table_names: tables,
    cross_entity_operator: operator,
    stop_if_not_enough_entities: false,
    max_results_to_return: 1_000,
    target_entities: samples.map(({ type, value }) => ({ Identifier: value, EntityType: type })),
  });
  const kql = sent[0]?.kql;
  if (kql === undefined) {
    expect(outcome.reason).toBe("not_enough_entities");
    return [];
  }
  const parsed = parser.parse(kql);
  expect(parsed.problems.map(({ message }) => message)).toEqual([]);
  const get = (name: string) => {
    const columns = withId.get(name);
    if (columns === undefined) return undefined;
    const filled = rows.flatMap(({ table, time: at, cells }, id): Row[] =>
      table === name ? [columns.map((column) => cellOf(column, ticksOf(at), id, cells))] : [],
    );
    return { columns, rows: filled };
  };
  const { columns, rows: answer } = interpret(parsed.root, { get }, ticksOf(ENQUEUED_AT.getTime()));
  const at = columns.findIndex(({ name }) => name === "RowId");
  return [...answer].map((row) => Number(row[at])).sort((a, b) => a - b);
}

function cellOf({ name, type }: Column, ticks: bigint, id: number, cells: Readonly<Record<string, string>>) {
  if (name === "Timestamp") return ticks;
  if (name === "RowId") return id;
  return cells[name] ?? (type === "string" ? "" : null);
}

describe("entity queries", () => {
  it("find exactly the rows that a plain look finds", async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        const rows = expected(given);
        hits += rows.length;
        expect(await found(given)).toEqual(rows);
      }),
      { numRuns: 150 },
    );
    expect(hits).toBeGreaterThan(150);
  });

  it.each(SAMPLES.map((sample) => [`${sample.type} ${sample.value}`, sample] as const))(
    "with %s find at least one row somewhere, and not all",
    async (_name, sample) => {
      const rows = TABLES.flatMap((table) => fc.sample(rowOf(table), { seed: 7, numRuns: 30 }));
      const given: Scene = { tables: TABLES, rows, samples: [sample], operator: "OR" };
      const answer = await found(given);
      expect(answer).toEqual(expected(given));
      expect(answer.length).toBeGreaterThan(0);
      expect(answer.length).toBeLessThan(rows.length);
    },
  );
});
