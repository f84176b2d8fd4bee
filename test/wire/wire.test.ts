/** Jobs, results, records and audit entries as earlier versions wrote them: each file here must be readable for ever. */
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { findAction } from "../../src/actions/catalog.ts";
import { readEntry } from "../../src/audit/entry.ts";
import { jobSchema } from "../../src/contract/job.ts";
import { resultSchema } from "../../src/contract/result.ts";
import { parseRecord, toResult } from "../../src/results/record.ts";

const folder = new URL("./", import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith(".json"));

async function load(name: string): Promise<unknown> {
  return JSON.parse(await readFile(new URL(name, folder), "utf8"));
}

async function loadRecord(name: string) {
  const fields = z.record(z.string(), z.string()).parse(await load(name));
  const record = parseRecord(Object.entries(fields).flat());
  if (record === null) throw new Error(`${name} is empty`);
  return record;
}

const named = (kind: string) => files.filter((name) => name.startsWith(`${kind}-`));

it("every file is of a kind that is read here", () => {
  expect(["job", "result", "record", "audit"].flatMap(named).sort()).toEqual(files.sort());
  expect(files.length).toBeGreaterThanOrEqual(6);
});

describe.each(named("job"))("%s", (name) => {
  it("is read without loss, and its input by the action of today", async () => {
    const text = await load(name);
    const job = jobSchema.parse(text);
    expect(job).toEqual(text);
    const input = findAction(job.action).input.parse(job.input);
    expect(input).toMatchObject(job.input);
  });
});

it.each(named("audit"))("%s is read without loss", async (name) => {
  const text = await readFile(new URL(name, folder), "utf8");
  expect(readEntry(text)).toEqual({
    caller: null,
    requested_by: null,
    outcome: null,
    ...z.record(z.string(), z.unknown()).parse(JSON.parse(text)),
  });
});

describe.each(named("result"))("%s", (name) => {
  it("is read without loss", async () => {
    const text = await load(name);
    expect(resultSchema.parse(text)).toMatchObject(z.record(z.string(), z.unknown()).parse(text));
  });
});

it("a result without later fields gets their defaults", async () => {
  expect(resultSchema.parse(await load("result-v1-minimal.json"))).toMatchObject({
    is_success: false,
    output_message: "",
    json_result: null,
    error: null,
    reason: null,
    warnings: [],
    incident: null,
    waiting: null,
    requested_by: null,
    attempts: 0,
    started_at: null,
    finished_at: null,
    alert_group_identifiers: [],
    scope: "All entities",
  });
});

it("a record whose head has no later fields is read as a queued result", async () => {
  const record = await loadRecord("record-v1-queued.json");
  expect(toResult(record, record.enqueued_ms)).toMatchObject({
    status: "queued",
    case_id: "4711",
    requested_by: null,
    alert_group_identifiers: [],
    scope: "All entities",
    waiting: null,
    enqueued_at: "2026-03-18T10:30:00.000Z",
    expires_at: "2026-03-18T11:30:00.000Z",
  });
  expect(toResult(record, record.expires_ms)).toMatchObject({ status: "failed", error: { code: "expired" } });
});

it("a record that was completed is read with what was found, whatever fields came later", async () => {
  const record = await loadRecord("record-v1-completed.json");
  expect(toResult(record, Number.MAX_SAFE_INTEGER)).toMatchObject({
    status: "completed",
    is_success: true,
    json_result: { comment: "Seen.\n\n[ref 7KQ2M9XA]" },
    attempts: 2,
    requested_by: "ada",
    started_at: "2026-03-18T10:30:01.000Z",
    finished_at: "2026-03-18T10:31:00.000Z",
    error: null,
    warnings: [],
  });
});

it("a record whose rows had to go is read as a result that says so", async () => {
  const record = await loadRecord("record-v1-rows-expired.json");
  expect(toResult(record, record.enqueued_ms)).toMatchObject({
    status: "completed",
    json_result: null,
    row_count: 2,
    rows_expired: true,
    warnings: [expect.stringContaining("RESULT_MEMORY")],
  });
});

it("a record with a word of a later version is refused in a sentence that says what to do", async () => {
  const fields = z.record(z.string(), z.string()).parse(await load("record-v1-queued.json"));
  const read = () => parseRecord(Object.entries({ ...fields, waiting_for: "moonrise" }).flat());
  expect(read).toThrow(/^a result holds what this version cannot read: waiting_for: /);
  expect(read).toThrow(expect.objectContaining({ details: { hint: expect.stringContaining("newer") } }));
});

it("a job of a version that is not known is not read", async () => {
  const job = z.record(z.string(), z.unknown()).parse(await load("job-v1-minimal.json"));
  expect(jobSchema.safeParse({ ...job, v: 2 }).success).toBe(false);
});
