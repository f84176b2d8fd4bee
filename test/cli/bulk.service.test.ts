/** Bulk runs by their commands: the dry run, the run, its report and its undo, against a worker and the simulator. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { z } from "zod";
import { outcomeSchema, runStatusSchema } from "../../src/bulk/run.ts";
import { openRig, type Rig } from "../support/rig.ts";
import { runBin, startBin } from "./bin.ts";
import { emptyQueue } from "./installation.ts";

const RESOLVE = ["--status", "Resolved", "--classification", "False Positive"];
const INCIDENTS = 120;

const eventSchema = z.looseObject({ event: z.string() });
const linesOf = (out: string) =>
  out
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
const eventsOf = (out: string) => linesOf(out).map((line) => eventSchema.parse(line));

describe("without a worker", () => {
  const bulk = (env: ReturnType<typeof emptyQueue>, args: string[], stdin = "") =>
    runBin(["bulk", ...args], env, stdin);

  it("tells all bad rows at once, with their file and line, and sends nothing", async () => {
    const env = emptyQueue();
    const folder = await mkdtemp(join(tmpdir(), "defender-actions-bulk-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "list.csv");
    await writeFile(file, "incident_id,status\n1,active\nx,active\n3,Done\n");
    const { code, out, err } = await bulk(env, ["reclassify", "--from", file, ...RESOLVE, "--yes"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(`${file}:3: incident_id: given "x"`);
    expect(err).toContain(`${file}:4: status: given "Done"; allowed: Active, In Progress, Resolved`);
    expect(err).toContain("2 rows cannot be read; nothing was sent");
    expect((await bulk(env, ["list", "--json"])).out).toBe("[]\n");
  });

  it("reads standard input, and names it", async () => {
    const { code, err } = await bulk(emptyQueue(), ["reclassify", "--from", "-", ...RESOLVE], "1\nx\n");
    expect(code).toBe(2);
    expect(err).toContain('standard input:2: incident_id: given "x"');
  });

  it("names a file that is not there", async () => {
    const { code, err } = await bulk(emptyQueue(), ["reclassify", "--from", "no.csv", ...RESOLVE]);
    expect(code).toBe(2);
    expect(err).toContain('--from: cannot read "no.csv" (ENOENT)');
  });

  it("says plainly that nothing is selected, and that is no failure", async () => {
    const env = emptyQueue();
    const { code, out } = await bulk(env, ["reclassify", "--from", "-", ...RESOLVE, "--yes"], "\n");
    expect([code, out]).toEqual([0, "No incident is selected: there is nothing to do.\n"]);
    expect((await bulk(env, ["list", "--json"])).out).toBe("[]\n");
  });

  it("begins nothing above 5,000 unless somebody has said how many", async () => {
    const env = emptyQueue();
    const ids = Array.from({ length: 5_001 }, (_, id) => String(id + 1)).join("\n");
    const asking = ["reclassify", "--from", "-", ...RESOLVE, "--yes"];
    const refused = await bulk(env, asking, ids);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("selection: given 5001 incidents; allowed: up to 5000");
    const mistaken = await bulk(env, [...asking, "--expect", "5000"], ids);
    expect(mistaken.code).toBe(2);
    expect(mistaken.err).toContain("expect: given 5000; the selection is 5001 incidents");
    expect((await bulk(env, ["list", "--json"])).out).toBe("[]\n");
  });

  it("goes on without whoever asked, takes a limit, folds repeats, and can be paused, resumed and cancelled", async () => {
    const env = emptyQueue();
    const asking = [
      "reclassify",
      "--ids",
      "1,2,2",
      "3",
      "4",
      "--limit",
      "3",
      "--owner",
      "ada",
      "--case-id",
      "4711",
    ];
    const { child, ended } = startBin(["bulk", ...asking, ...RESOLVE, "--yes", "--json"], env);
    await new Promise<void>((resolve) =>
      child.stdout.on("data", (text: string) => void (text.includes('"progress"') && resolve())),
    );
    child.kill("SIGINT");
    const { code, out } = await ended;
    expect(code).toBe(4);
    expect(eventsOf(out).map(({ event }) => event)).toEqual(["started", "progress", "detached"]);

    const listed = runStatusSchema.array().parse(JSON.parse((await bulk(env, ["list", "--json"])).out));
    expect(listed).toMatchObject([
      { case_id: "4711", owner: "ada", state: "running", counts: { selected: 3, waiting: 3 } },
    ]);
    const runId = listed[0]?.run_id ?? "";
    const text = await bulk(env, ["list"]);
    expect(text.out).toContain(runId);
    for (const [verb, state] of [
      ["pause", "paused"],
      ["resume", "running"],
      ["cancel", "cancelled"],
    ]) {
      const steered = await bulk(env, [verb ?? "", runId, "--json"]);
      expect(steered.code).toBe(0);
      expect(JSON.parse(steered.out)).toMatchObject({ run_id: runId, state });
    }
    const late = await bulk(env, ["resume", runId]);
    expect(late.code).toBe(2);
    expect(late.err).toContain("is cancelled and can't be resumed");
  });

  it("says how to come back when it is left", async () => {
    const { child, ended } = startBin(
      ["bulk", "reclassify", "--ids", "1", ...RESOLVE, "--yes"],
      emptyQueue(),
    );
    await new Promise<void>((resolve) =>
      child.stderr.on("data", (text: string) => void (text.includes("waiting 1") && resolve())),
    );
    child.kill("SIGINT");
    const { code, err } = await ended;
    expect(code).toBe(4);
    expect(err).toMatch(
      /Detached; the run goes on without you\.\nTo come back: defender-actions bulk status r\w+ --follow/,
    );
  });

  it("forgets a draft that is left while it waits for a worker", async () => {
    const env = emptyQueue();
    const { child, ended } = startBin(["bulk", "reclassify", "--filter", "id eq '1'", ...RESOLVE], env);
    await once(child.stderr, "data");
    child.kill("SIGINT");
    const { code, err } = await ended;
    expect([code, err]).toEqual([1, "Waiting for a worker of default to select.\nNothing was done.\n"]);
  });

  it.each(["status", "pause", "resume", "cancel", "retry-failed", "report", "undo"])(
    "%s of a run that is none",
    async (verb) => {
      const { code, err, out } = await bulk(emptyQueue(), [verb, "r1"]);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toContain('run "r1": there is none');
    },
  );
});

describe("with a worker", () => {
  let rig: Rig;
  const bulk = (...args: string[]) =>
    runBin(["bulk", ...args], { REDIS_URL: rig.redisUrl, QUEUE_PREFIX: rig.prefix });

  beforeAll(async () => {
    rig = await openRig({
      redisUrl: inject("redisUrl"),
      settings: { quotas: { incidents: null, hunting: null } },
      env: { DEFENDER_INCIDENT_LIMITS: "1000/1s" },
    });
    await rig.simulator.reset(INCIDENTS);
    await rig.startWorker();
  });
  afterAll(() => rig.close());

  it("a dry run by filter counts, shows, estimates, and writes nothing", async () => {
    const selection = ["--where-created-after", "2000-01-01", "--where-title-contains", "e"];
    const { code, out, err } = await bulk("reclassify", ...selection, ...RESOLVE, "--dry-run");
    expect(code, err).toBe(0);
    expect(out).toMatch(/^Re-classification: \d+ incidents selected\nRead for that: 120, for Graph/);
    expect(out).toMatch(/│ status\s+│ active\s+│ resolved\s+│ \d+\s+│/);
    expect(out).toMatch(/Calls: about \d+ \(\d+ to look again, \d+ to write\)/);
    expect(out).toContain("at 48,000 calls a minute (80 % of the quota of default)");
    expect(err).toBe("Nothing was done. To do it: --yes\n");
    expect((await rig.simulator.countEffects()).patch).toEqual({});
    expect((await bulk("list", "--json")).out).toBe("[]\n");
  });

  it("without a terminal and without --yes it shows the plan and refuses to go on", async () => {
    const { code, out, err } = await bulk("reclassify", "--ids", "10", "11", ...RESOLVE);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("Re-classification: 2 incidents selected");
    expect(err).toContain("given no --yes, and there is no terminal to ask on");
  });

  it("runs, reports for people, spreadsheets and programs, and undoes what nobody has touched since", async () => {
    const before = await rig.simulator.incident("12");
    const asking = ["reclassify", "--ids", "12,13", "999999", "--status", "Resolved", "--add-tags", "=Bulk"];
    const run = await bulk(...asking, "--max-failures", "5", "--case-id", "case", "--yes", "--json");
    expect(run.code, run.err).toBe(1);
    const events = eventsOf(run.out);
    expect(events[0]).toMatchObject({ event: "started" });
    expect(events.at(-1)).toMatchObject({
      event: "ended",
      run: { state: "done", counts: { selected: 3, changed: 2, failed: { not_found: 1 } } },
    });
    const runId = runStatusSchema.parse(events.at(-1)?.["run"]).run_id;

    const table = await bulk("report", runId);
    expect(table.out).toMatch(/^12 {8}changed {2}.*status: \w+ → resolved/m);
    expect(table.out).toMatch(/^999999 {4}failed \(not_found\)/m);
    expect(table.out).toMatch(/^3 selected: changed 2, unchanged 0, skipped 0, failed 1/m);
    const csv = await bulk("report", runId, "--format", "csv");
    expect(csv.out).toMatch(/^id,result,reason,error_code,message,attempts,request_id,at,url,status_before,/);
    expect(csv.out).toMatch(/^12,changed,,,,1,/m);
    expect(csv.out).toMatch(/,'=Bulk,/);
    expect(csv.out).not.toMatch(/,=Bulk/);
    const ndjson = await bulk("report", runId, "--format", "ndjson");
    expect(outcomeSchema.array().parse(linesOf(ndjson.out))).toHaveLength(3);

    await rig.simulator.editIncident("13", { status: "active" });
    const dry = await bulk("undo", runId, "--dry-run");
    expect(dry.out).toMatch(new RegExp(`^Undo of run ${runId}: 2 incidents selected`));
    expect(dry.out).toContain("remove comments, reopen alerts");
    const undo = await bulk("undo", runId, "--yes", "--json");
    expect(undo.code, undo.err).toBe(0);
    expect(eventsOf(undo.out).at(-1)).toMatchObject({
      run: { undoes: runId, state: "done", counts: { changed: 1, skipped: { changed: 1 } } },
    });
    const after = await rig.simulator.incident("12");
    expect([after["status"], after["customTags"]]).toEqual([before["status"], before["customTags"]]);
    const results = await runBin(["results", "case", "--json"], {
      REDIS_URL: rig.redisUrl,
      QUEUE_PREFIX: rig.prefix,
    });
    expect(JSON.parse(results.out)).toMatchObject([{ action: "bulk_reclassify", case_id: "case" }]);
  });

  it("rows of a list set values of their own", async () => {
    const rows = "incident_id,status,comment\n14,In Progress,\n15,,look again\n";
    const asked = await runBin(
      ["bulk", "reclassify", "--from", "-", "--assign-to", "ada@contoso.com", "--yes"],
      { REDIS_URL: rig.redisUrl, QUEUE_PREFIX: rig.prefix },
      rows,
    );
    expect(asked.code, asked.err).toBe(0);
    expect(await rig.simulator.incident("14")).toMatchObject({
      status: "inProgress",
      assignedTo: "ada@contoso.com",
    });
    const commented = await rig.simulator.incident("15");
    expect(JSON.stringify(commented["comments"])).toContain("look again");
  });
});
