import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changeSchema } from "../../../src/bulk/change.ts";
import { whereSchema } from "../../../src/bulk/selection.ts";
import type { Defender, IncidentQuery } from "../../../src/contract/ports.ts";
import { type Cursor, listPage, relist } from "../../../src/engine/bulk/listing.ts";
import { connectTo, failureOf, instanceAt } from "../../defender/scripted-connection.ts";
import { startSimulator } from "../../simulator/simulator.ts";
import { MovingList, numbered, START_MS } from "./moving-list.ts";

function runOf(where: object, change: object = { status: "resolved" }) {
  return {
    selection: { kind: "filter" as const, where: whereSchema.parse(where), filter: null },
    change: changeSchema.parse(change),
  };
}
const ACTIVE = runOf({ status: ["active"] });

async function listAll(
  list: Pick<Defender, "listIncidents">,
  run = ACTIVE,
  between = (_page: number): void => {},
) {
  const ids: string[] = [];
  let cursor: Cursor | null = null;
  for (let page = 0; ; page += 1) {
    if (page > 500) throw new Error("the listing does not end");
    const answer = await listPage(run, cursor, list);
    ids.push(...answer.listed.map(({ item }) => item.id));
    if (answer.isLast) return ids;
    // As it comes back from Redis.
    cursor = JSON.parse(JSON.stringify(answer.cursor));
    between(page);
  }
}

describe("a listing", () => {
  test("reads fifty at a time, newest first, with one incident twice at every seam", async () => {
    const list = numbered(120, (n) => n * 1_000);
    expect(await listAll(list)).toEqual(Array.from({ length: 120 }, (_, at) => String(120 - at)));
    expect(list.queries).toHaveLength(3);
    expect(list.queries[1]).toEqual({
      filter: `createdDateTime lt 2026-01-01T00:01:11.001Z and (status eq 'active')`,
      orderBy: "createdDateTime desc",
      top: 50,
    });
  });

  test("says of each incident what it held in the fields that the run sets, and when it was created", async () => {
    const list = new MovingList();
    list.set(7, 0, { customTags: ["Demo"], assignedTo: null });
    const change = { classification: "truePositive", assign_to: "ada@contoso.com", add_tags: ["x"] };
    const { listed, read, isLast } = await listPage(runOf({}, change), null, list);
    expect(listed.map(({ item }) => item)).toEqual([
      {
        id: "7",
        listed: { classification: "unknown", assignedTo: null, customTags: ["Demo"] },
        created_ms: START_MS,
      },
    ]);
    expect([listed[0]?.incident.displayName, read, isLast]).toEqual([
      "Suspicious inbox manipulation rule",
      1,
      true,
    ]);
  });

  test("counts what it read for a title or a tag, and selects those that have it", async () => {
    const list = numbered(60, (n) => n);
    list.change("3", { customTags: ["Noise"] });
    const run = runOf({ tag: "noise" });
    const first = await listPage(run, null, list);
    expect([first.listed.length, first.read, first.isLast]).toEqual([0, 50, false]);
    const second = await listPage(run, first.cursor, list);
    expect(second.listed.map(({ item }) => item.id)).toEqual(["3"]);
    expect([second.read, second.isLast]).toEqual([10, true]);
  });

  test("of nothing ends at once", async () => {
    expect(await listPage(ACTIVE, null, new MovingList())).toEqual({
      listed: [],
      read: 0,
      cursor: null,
      isLast: true,
    });
  });

  test("gets through thousands of one moment", async () => {
    const list = numbered(2_000, (n) => (n <= 500 ? 0 : 1));
    const ids = await listAll(list);
    expect(new Set(ids).size).toBe(2_000);
    expect(ids).toHaveLength(2_000);
    expect(list.queries.length).toBeLessThan(45);
  });

  test("goes back when those before it are gone, and forgets none of one moment", async () => {
    const list = numbered(200, () => 0);
    const ids = await listAll(list, ACTIVE, (page) => {
      // Sixty that were read are resolved, and as many move up.
      if (page === 1) for (let n = 200; n > 140; n -= 1) list.change(String(n), { status: "resolved" });
    });
    expect(ids).toHaveLength(200);
    expect(new Set(ids).size).toBe(200);
  });

  test("lists an incident once that was there throughout, whatever happens to others", async () => {
    const moment = fc.integer({ min: 0, max: 2 });
    const move = fc.record({ kind: fc.constantFrom("hide", "show", "add"), at: fc.nat(300), moment });
    await fc.assert(
      fc.asyncProperty(
        fc.array(moment, { maxLength: 250, size: "max" }),
        fc.array(fc.array(move, { maxLength: 60, size: "max" }), { maxLength: 10, size: "max" }),
        async (moments, moves) => {
          const list = new MovingList();
          for (const [n, createdMs] of moments.entries()) list.set(n + 1, createdMs);
          const there = new Set(list.incidents.keys());
          const ids = await listAll(list, ACTIVE, (page) => {
            for (const { kind, at, moment: createdMs } of moves[page] ?? []) {
              const id = String(at + 1);
              if (kind === "add" && !list.incidents.has(id)) list.set(at + 1, createdMs);
              if (kind === "show") list.change(id, { status: "active" });
              if (kind === "hide") {
                list.change(id, { status: "resolved" });
                there.delete(id);
              }
            }
          });
          expect(ids.filter((id) => there.has(id)).sort()).toEqual([...there].sort());
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("fails rather than pass over incidents when they come out of order", async () => {
    const list = numbered(2, (n) => n);
    const listIncidents = async (query: IncidentQuery) => {
      const { incidents } = await list.listIncidents(query);
      return { incidents: incidents.reverse(), isLast: true };
    };
    expect(await failureOf(listPage(ACTIVE, null, { listIncidents }))).toMatchObject({
      code: "defender_unavailable",
      retryable: false,
    });
  });

  test("fails rather than read the same page for ever", async () => {
    const list = numbered(1, () => 0);
    const listIncidents = async (query: IncidentQuery) => ({
      ...(await list.listIncidents(query)),
      isLast: false,
    });
    const { cursor } = await listPage(ACTIVE, null, { listIncidents });
    expect(await failureOf(listPage(ACTIVE, cursor, { listIncidents }))).toMatchObject({
      code: "defender_unavailable",
    });
  });
});

describe("a second look", () => {
  async function itemsOf(list: MovingList, run = ACTIVE) {
    return (await listPage(run, null, list)).listed.map(({ item }) => item);
  }

  test("at fifty costs one call, and tells those that are no longer selected", async () => {
    const list = numbered(80, (n) => n * 1_000);
    const items = await itemsOf(list);
    list.change("60", { status: "resolved" });
    list.change("61", { assignedTo: "eve@contoso.com" });
    const now = await relist(ACTIVE, items, list);
    expect(list.queries).toHaveLength(2);
    expect(now.size).toBe(50);
    expect(now.get("60")).toBeNull();
    expect(now.get("61")).toMatchObject({ assignedTo: "eve@contoso.com" });
  });

  test("leaves out those that the page had no room for", async () => {
    const list = numbered(100, (n) => (n <= 60 ? 0 : n));
    const newest = (await itemsOf(list)).slice(0, 1);
    const crowd = ["2", "59"].map((id) => ({ id, created_ms: START_MS }));
    list.change("100", { status: "resolved" });
    const now = await relist(ACTIVE, [...newest, ...crowd], list);
    expect([...now]).toEqual([
      ["100", null],
      ["59", expect.objectContaining({ id: "59" })],
    ]);
  });

  test("judges title and tag too", async () => {
    const list = numbered(3, (n) => n);
    const run = runOf({ title_contains: "inbox" });
    list.change("2", { displayName: "Inbox rule" });
    const items = await itemsOf(list, run);
    list.change("2", { displayName: "Renamed" });
    expect(await relist(run, items, list)).toEqual(
      new Map([
        ["2", null],
        ["1", expect.anything()],
      ]),
    );
  });

  test("at no item, or at ids that were given, costs nothing", async () => {
    const list = numbered(3, (n) => n);
    expect((await relist(ACTIVE, [{ id: "1" }], list)).size).toBe(0);
    expect(list.queries).toHaveLength(0);
  });
});

test("the simulated Defender is listed as the moving list is", async () => {
  const simulator = await startSimulator({ quotas: { incidents: null, hunting: null }, incidents: 400 });
  try {
    const instance = {
      ...instanceAt(simulator.url, {
        credential: { kind: "secret", secret: { value: simulator.clientSecret } },
      }),
      tenantId: simulator.tenant,
      clientId: simulator.clientId,
    };
    const defender = connectTo(instance).open();
    const run = runOf({ status: ["active", "inProgress"], created_after: "2020-01-01T00:00:00.000Z" });
    const ids = await listAll(defender, run);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(400 - 1 - 2 - 68);
    const { listed } = await listPage(run, null, defender);
    const items = listed.map(({ item }) => item);
    await defender.updateIncident(items[7]?.id ?? "", { status: "resolved" });
    const now = await relist(run, items, defender);
    expect([...now].filter(([, incident]) => incident === null)).toEqual([[items[7]?.id, null]]);
  } finally {
    await simulator.close();
  }
});
