/** Asking for actions, waiting for them, taking them back. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runBin } from "./bin.ts";
import { emptyQueue, installForFile, resultOf } from "./installation.ts";

const installation = installForFile({ worker: true });

describe("enqueue", () => {
  it("prints the job, and the same job for the same key", async () => {
    const input = { case_id: "keys", incident_id: 3, comment: "seen" };
    const [first, second] = [
      await installation.enqueue("add_comment_to_incident", input, "--idempotency-key", "k1"),
      await installation.enqueue("add_comment_to_incident", input, "--idempotency-key", "k1"),
    ];
    const job = JSON.parse(first.out);
    expect(job).toEqual({
      jobId: expect.any(String),
      caseId: "keys",
      action: "add_comment_to_incident",
      deduplicated: false,
    });
    expect(JSON.parse(second.out)).toEqual({ ...job, deduplicated: true });
    const other = { ...input, comment: "something else" };
    const third = await installation.enqueue("add_comment_to_incident", other, "--idempotency-key", "k1");
    expect(third).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("idempotencyKey: given one"),
    });
  });

  it("waits for the result, with all that was asked for on it", async () => {
    const input = { case_id: "wait", incident_id: 5, status: "Active" };
    const ended = await installation.enqueue(
      "update_incident",
      input,
      "--wait",
      "30",
      "--requested-by",
      "ana",
    );
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(resultOf(ended)).toMatchObject({ status: "completed", is_success: true, requested_by: "ana" });
  });

  it("exits 1 with the record when the action failed", async () => {
    const ended = await installation.enqueue(
      "update_incident",
      { case_id: "none", incident_id: 987654, status: "Active" },
      "--wait",
    );
    expect(ended.code).toBe(1);
    expect(resultOf(ended).error?.code).toBe("not_found");
  });

  it("exits 0 when a hunt finds nothing: the status counts", async () => {
    const query = 'DeviceProcessEvents | where FileName == "none"';
    const ended = await installation.enqueue("execute_custom_query", { case_id: "empty", query }, "--wait");
    expect(ended.code).toBe(0);
    expect(resultOf(ended)).toMatchObject({ status: "completed", is_success: false, reason: "no_rows" });
  });

  it("takes its input from a file and from standard input", async () => {
    const folder = await mkdtemp(join(tmpdir(), "defender-actions-cli-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "input.json");
    await writeFile(file, '\uFEFF{"case_id":"files"}');
    expect((await runBin(["enqueue", "ping", "--input-file", file], installation.env)).code).toBe(0);
    expect(
      (await runBin(["enqueue", "ping", "--input-file", "-"], installation.env, '{"case_id":"files"}')).code,
    ).toBe(0);
    expect(JSON.parse((await runBin(["results", "files", "--json"], installation.env)).out)).toHaveLength(2);
  });

  it("exits 4 with the record when the wait ends first, and says how to follow and cancel", async () => {
    const alone = emptyQueue();
    const asked = await runBin(
      ["enqueue", "ping", "--input", '{"case_id":"it\'s 1"}', "--wait", "0", "--json"],
      alone,
    );
    expect(asked.code).toBe(4);
    const { job_id: job, status } = resultOf(asked);
    expect(status).toBe("queued");
    expect(asked.err).toContain(`defender-actions results 'it'\\''s 1' --job ${job} --follow`);
    expect(asked.err).toContain(`defender-actions cancel 'it'\\''s 1' --job ${job}`);

    const cancelled = await runBin(["cancel", "it's 1", "--job", job, "--json"], alone);
    expect(JSON.parse(cancelled.out)).toEqual({ cancelled: true, sent: false });
    const after = await runBin(["results", "it's 1", "--job", job, "--json"], alone);
    expect(resultOf(after).error?.code).toBe("cancelled");
    expect((await runBin(["results", "it's 1", "--job", job, "--follow"], alone)).code).toBe(1);
  });

  it("lets a job expire that nobody took", async () => {
    const alone = emptyQueue();
    const args = ["--input", '{"case_id":"late"}', "--expires-in", "50ms", "--wait", "20", "--json"];
    const ended = await runBin(["enqueue", "ping", ...args], alone);
    expect(ended.code).toBe(1);
    expect(resultOf(ended).error?.code).toBe("expired");
  });
});
