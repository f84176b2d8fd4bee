/** Reading results: all formats, every row, and as they come. */
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { type Result, resultSchema } from "../../src/contract/result.ts";
import { runBin, startBin } from "./bin.ts";
import { installForFile, resultOf } from "./installation.ts";

/** Enough for one answer of some thousand rows, and not for two. */
const workerEnv = { RESULT_MEMORY: "25kb" };
const installation = installForFile({ worker: true, workerEnv });

describe("results", () => {
  it("of a case are all of them, oldest first, in any format", async () => {
    const jobs: string[] = [];
    for (const comment of ["one", "two", "three"]) {
      const ended = await installation.enqueue(
        "add_comment_to_incident",
        { case_id: "all", incident_id: 7, comment },
        "--wait",
      );
      jobs.push(resultOf(ended).job_id);
    }
    const results: Result[] = JSON.parse((await runBin(["results", "all", "--json"], installation.env)).out);
    expect(results.map(({ job_id }) => job_id)).toEqual(jobs);

    const lines = (await runBin(["results", "all", "--format", "ndjson"], installation.env)).out
      .trim()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(results);

    const csv = (await runBin(["results", "all", "--format", "csv"], installation.env)).out
      .trim()
      .split("\n");
    expect(csv[0]).toMatch(/^case_id,job_id,action,instance,status,/);
    expect(csv).toHaveLength(4);

    const { out: table } = await runBin(["results", "all"], installation.env);
    for (const job of jobs) expect(table).toContain(job);
    expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);

    const ofIncident = JSON.parse(
      (await runBin(["results", "--incident", "7", "--json"], installation.env)).out,
    );
    expect(ofIncident).toEqual(results);
  });

  it("of an unknown case are none, and of an unknown job an error", async () => {
    expect(await runBin(["results", "unknown", "--json"], installation.env)).toEqual({
      code: 0,
      out: "[]\n",
      err: "",
    });
    const job = await runBin(["results", "unknown", "--job", "j1", "--json"], installation.env);
    expect(job).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining('no job "j1" in case "unknown"'),
    });
    expect((await runBin(["cancel", "unknown", "--job", "j1"], installation.env)).code).toBe(1);
  });

  it("stream every row of a large answer, columns in the order of its schema", async () => {
    const rows = 2_345;
    const query = "BigTable | project Id, DeviceName";
    const ended = await installation.enqueue(
      "execute_custom_query",
      { case_id: "rows", query, max_results_to_return: rows },
      "--wait",
    );
    const { job_id: job, schema, error, warnings } = resultOf(ended);
    expect(error).toBeNull();
    const head = schema?.map(({ name }) => name).join(",");
    const csv = (await runBin(["results", "rows", "--job", job, "--format", "csv"], installation.env)).out
      .trim()
      .split("\n");
    expect(csv[0]).toBe(head);
    expect(new Set(csv.slice(1)).size).toBe(rows);
    const ndjson = (
      await runBin(["results", "rows", "--job", job, "--format", "ndjson"], installation.env)
    ).out
      .trim()
      .split("\n");
    expect(ndjson).toHaveLength(rows);
    expect(Object.keys(JSON.parse(ndjson[0] ?? "")).join(",")).toBe(head);
    const { out: json } = await runBin(["results", "rows", "--job", job, "--json"], installation.env);
    const whole = resultSchema.parse(JSON.parse(json));
    expect(whole.json_result).toEqual(ndjson.map((line) => JSON.parse(line)));
    expect(whole).toMatchObject({ job_id: job, row_count: rows });
    expect(warnings.join()).toContain("json_result holds the first 1000");
    expect(whole.warnings.join()).not.toContain("json_result holds");
    const { out: table } = await runBin(["results", "rows", "--job", job], installation.env);
    const ids = table.split("\n").flatMap((line) => /^│ (\d+) /.exec(line)?.[1] ?? []);
    expect(new Set(ids).size).toBe(rows);
  });

  it("say of rows that made room for newer ones that they are gone", async () => {
    const hunt = (first: number) =>
      installation.enqueue(
        "execute_custom_query",
        { case_id: "room", query: `BigTable | where Id >= ${first}`, max_results_to_return: 3_000 },
        "--wait",
      );
    const { job_id: job } = resultOf(await hunt(0));
    expect(resultOf(await hunt(3_000))).not.toHaveProperty("rows_expired");
    const [old, young] = JSON.parse((await runBin(["results", "room", "--json"], installation.env)).out);
    expect(old).toMatchObject({
      status: "completed",
      row_count: 3_000,
      json_result: null,
      rows_expired: true,
    });
    expect(young).toMatchObject({ job_id: expect.not.stringMatching(job), row_count: 3_000 });
    expect(young.json_result).toHaveLength(1_000);
    expect(
      await runBin(["results", "room", "--job", job, "--format", "csv"], installation.env),
    ).toMatchObject({
      code: 1,
      out: "",
      err: `error: the rows of job "${job}" in case "room" are not kept any more: RESULT_MEMORY was reached\nRun the query again.\n`,
    });
  });

  it("follow a job until it is final, one JSON a line", async () => {
    const job = JSON.parse((await installation.enqueue("ping", { case_id: "follow" })).out).jobId;
    const { code, out } = await runBin(
      ["results", "follow", "--job", job, "--follow", "--json"],
      installation.env,
    );
    const states = out
      .trim()
      .split("\n")
      .map((line) => resultSchema.parse(JSON.parse(line)).status);
    expect(states.at(-1)).toBe("completed");
    expect(code).toBe(0);
  });

  it("follow a case until Ctrl-C", async () => {
    const { child, ended } = startBin(["results", "live", "--follow", "--json"], installation.env);
    const lines = createInterface({ input: child.stdout });
    const ping = installation.enqueue("ping", { case_id: "live" }, "--wait");
    for await (const line of lines) if (JSON.parse(line).status === "completed") break;
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 0, err: "" });
    expect((await ping).code).toBe(0);
  });
});

describe("results --delete", () => {
  it("erases a case when that is confirmed, and says what it left", async () => {
    const query = { case_id: "erased", table_names: "AlertInfo" };
    const { job_id } = resultOf(await installation.enqueue("execute_query", query, "--wait"));
    const unasked = await runBin(["results", "erased", "--delete"], installation.env);
    expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining("--delete: given without --yes") });
    const ended = await runBin(["results", "erased", "--delete", "--yes", "--json"], installation.env);
    expect(JSON.parse(ended.out)).toEqual({ erased: [job_id], kept: [] });
    const [left]: Result[] = JSON.parse(
      (await runBin(["results", "erased", "--json"], installation.env)).out,
    );
    expect(left).toMatchObject({ status: "completed", json_result: null });
    expect(left).not.toHaveProperty("kql");
  });
});
