/** A run of many incidents and its undo, through crashes of who asked and of who works, with the ledger as the judge. */
import { expect } from "vitest";
import type { Rig } from "../support/rig.ts";
import { BulkCli, type ReportLine } from "./bulk-cli.ts";

export interface Crowd {
  /** At least 300: a run looks ahead, at fifty with one call, and what it sees is good for a minute. */
  incidents: number;
  /** For each of the run and its undo. */
  timeoutMs: number;
}

type Incident = Record<string, unknown>;
type States = ReadonlyMap<string, Incident>;

const SELECTION = ["--where-created-after", "2000-01-01"];
const RESOLVED = { status: "resolved", classification: "falsePositive", determination: "notMalicious" };
const CHANGE = [
  ...["--status", "resolved", "--classification", "falsePositive", "--determination", "notMalicious"],
  ...["--add-tags", "Bulk"],
];
const FIELDS = [
  "status",
  "classification",
  "determination",
  "assignedTo",
  "customTags",
  "resolvingComment",
  "displayName",
  "severity",
];

const MERGED = "30";
const ALREADY_SO = ["10", "11"];
/** Edited while the run is paused, in a field that it sets and in one that it does not: the oldest are the last in line. */
const EDITED_MEANWHILE = ["1", "2"];
const ASSIGNED_MEANWHILE = "6";
const EDITED_BEFORE_UNDO = ["20", "21"];

export async function acceptRun(rig: Rig, crowd: Crowd): Promise<void> {
  const bulk = new BulkCli(rig);
  try {
    await acceptWith(bulk, rig, crowd);
  } finally {
    bulk.close();
  }
}

async function acceptWith(bulk: BulkCli, rig: Rig, { incidents, timeoutMs }: Crowd): Promise<void> {
  const { simulator } = rig;
  await simulator.reset(incidents);
  for (const id of ALREADY_SO) await simulator.editIncident(id, { ...RESOLVED, customTags: ["Bulk"] });
  const first = await statesOf(rig);
  const [doomed] = [await rig.startWorker(), await rig.startWorker()];

  const dry = await bulk.run("reclassify", ...SELECTION, ...CHANGE, "--dry-run", "--case-id", "dry");
  expect(dry.out + dry.err).toContain(incidents.toLocaleString("en-US"));
  expect((await simulator.countEffects()).patch).toEqual({});
  expect(await bulk.list()).toEqual([]);

  const asking = ["--case-id", "acceptance", "--yes", "--expect", String(incidents), "--json"];
  const producer = bulk.start(["reclassify", ...SELECTION, ...CHANGE, ...asking]);
  const runId = await bulk.findRun((run) => run.case_id === "acceptance", producer);
  await simulator.effect("patch", Math.round(incidents * 0.15), timeoutMs);
  await doomed.kill("SIGKILL");
  await rig.startWorker();
  await simulator.effect("patch", Math.round(incidents * 0.25), timeoutMs);
  producer.child.kill("SIGKILL");
  await producer.ended;
  await simulator.effect("patch", Math.round(incidents * 0.35), timeoutMs);
  await bulk.run("pause", runId);
  await bulk.until(runId, ({ state, counts }) => state === "paused" && counts.in_hand === 0);
  const atPause = await simulator.countEffects();
  for (const id of EDITED_MEANWHILE) await simulator.editIncident(id, { status: "inProgress" });
  await simulator.editIncident(ASSIGNED_MEANWHILE, { assignedTo: "eve@contoso.com" });
  expect(await simulator.countEffects()).toEqual(atPause);
  await bulk.run("resume", runId);
  const status = await bulk.until(runId, ({ state }) => state === "done");

  expect((await bulk.list()).map(({ run_id, state }) => [run_id, state])).toEqual([[runId, "done"]]);
  const report = await reportOf(bulk, runId);
  expect(report.size).toBe(incidents);
  expect(status.counts).toEqual({
    read: incidents,
    selected: incidents,
    changed: incidents - 5,
    unchanged: ALREADY_SO.length,
    skipped: { merged: 1, changed: EDITED_MEANWHILE.length },
    failed: {},
    waiting: 0,
    in_hand: 0,
  });
  expect(report.get(MERGED)).toMatchObject({ result: "skipped", reason: "merged" });
  for (const id of ALREADY_SO) expect(report.get(id)).toMatchObject({ result: "unchanged" });
  for (const id of EDITED_MEANWHILE)
    expect(report.get(id)).toMatchObject({ result: "skipped", reason: "changed" });
  const changed = idsOf(report, "changed");
  expect((await simulator.countEffects()).patch).toEqual(timesEach(changed, 1));

  for (const id of EDITED_BEFORE_UNDO) await simulator.editIncident(id, { status: "active" });
  const dryUndo = await bulk.run("undo", runId, "--dry-run");
  expect(dryUndo.out + dryUndo.err).toContain(changed.length.toLocaleString("en-US"));
  const undoing = bulk.start(["undo", runId, "--yes", "--json"]);
  const undoId = await bulk.findRun((run) => run.undoes === runId, undoing);
  await bulk.until(undoId, ({ state }) => state === "done");
  expect(await undoing.ended).toMatchObject({ code: 0 });

  const undone = await reportOf(bulk, undoId);
  expect([...undone.keys()].sort()).toEqual([...changed].sort());
  for (const id of EDITED_BEFORE_UNDO)
    expect(undone.get(id)).toMatchObject({ result: "skipped", reason: "changed" });
  expect(idsOf(undone, "changed")).toHaveLength(changed.length - EDITED_BEFORE_UNDO.length);
  expect((await simulator.countEffects()).patch).toEqual({
    ...timesEach(changed, 1),
    ...timesEach(idsOf(undone, "changed"), 2),
  });
  const expected = new Map(first);
  const edit = (id: string, change: Incident): void => void expected.set(id, { ...first.get(id), ...change });
  for (const id of EDITED_MEANWHILE) edit(id, { status: "inProgress" });
  edit(ASSIGNED_MEANWHILE, { assignedTo: "eve@contoso.com" });
  for (const id of EDITED_BEFORE_UNDO) edit(id, { ...RESOLVED, status: "active", customTags: ["Bulk"] });
  expect(await statesOf(rig)).toEqual(expected);
}

async function statesOf({ simulator }: Rig): Promise<States> {
  const incidents = await simulator.incidents();
  return new Map(
    incidents.map((incident) => [
      String(incident["id"]),
      Object.fromEntries(FIELDS.map((field) => [field, incident[field]])),
    ]),
  );
}

async function reportOf(bulk: BulkCli, runId: string): Promise<ReadonlyMap<string, ReportLine>> {
  const lines = await bulk.report(runId);
  const report = new Map(lines.map((line) => [line.id, line]));
  expect(report.size).toBe(lines.length);
  return report;
}

function idsOf(report: ReadonlyMap<string, ReportLine>, result: string): string[] {
  return [...report.values()].filter((line) => line.result === result).map(({ id }) => id);
}

function timesEach(ids: readonly string[], times: number): Record<string, number> {
  return Object.fromEntries(ids.map((id) => [id, times]));
}
