import { describe, expect, it } from "vitest";
import { RunReader } from "../../src/bulk/run-reader.ts";
import { RunStore } from "../../src/bulk/run-store.ts";
import { whereSchema } from "../../src/bulk/selection.ts";
import { runsQueueName } from "../../src/queue/names.ts";
import { Stops } from "../../src/queue/stops.ts";
import { makeRun } from "./finished-run.ts";
import { ask } from "./http.ts";
import { type Opened, openOps } from "./opened.ts";
import { login, OPS_USERS } from "./session.ts";

const CHANGED = { result: "changed", before: { status: "active" }, after: { status: "resolved" } } as const;
const CONFLICT = {
  result: "skipped",
  reason: "changed",
  message: 'status is "resolved" and was "active"',
  url: "https://security.microsoft.com/incidents/2",
} as const;
const FAILED = {
  result: "failed",
  code: "not_found",
  message: "no such incident",
  request_id: "r-1",
} as const;

const read = async (ops: Opened, path: string, headers: Record<string, string> = {}) =>
  await ask(`${ops.url}${path}`, { headers });
const stateOf = async ({ redis, prefix }: Opened, runId = "r1") =>
  (await new RunReader(redis, prefix).status(runId))?.state;

describe("the page of bulk runs", () => {
  it("shows each run with its bar, its counts, what is selected and what is set, newest first", async () => {
    const ops = await openOps();
    const where = whereSchema.parse({ status: ["active"], title_contains: "noisy" });
    const selection = { kind: "filter", where, filter: "severity eq 'low'" } as const;
    await makeRun(ops, { run_id: "first", selection, owner: "grace" }, 1, [CHANGED]);
    await makeRun(ops, { requested_by: "playbook 7" }, 4, [CHANGED, CONFLICT, FAILED]);
    const { status, body } = await read(ops, "/runs");
    expect(status).toBe(200);
    expect(body).toContain('<progress max="4" value="3" aria-label="Progress of r1">');
    expect(body).toContain("3 of 4 incidents (75 %)");
    for (const text of [
      "changed 1 · skipped: changed by someone else since 1 · failed: not_found 1 · waiting 1",
      "status active; title contains noisy; OData filter severity eq &#39;low&#39;",
      "status resolved",
      "playbook 7",
      "grace",
    ])
      expect(body).toContain(text);
    expect(body.indexOf('id="r1"')).toBeLessThan(body.indexOf('id="first"'));
    expect(body).toContain('<a href="/runs">Bulk runs</a>');
  });

  it("has twenty on a page, and says how to make one where there is none", async () => {
    const ops = await openOps();
    expect((await read(ops, "/runs")).body).toContain("There are no bulk runs.");
    for (let number = 0; number < 21; number += 1) await makeRun(ops, { run_id: `run-${number}` }, 1);
    const [first, second] = [await read(ops, "/runs"), await read(ops, "/runs?page=2")];
    expect(first.body.match(/<article>/g)).toHaveLength(20);
    expect(first.body).toContain("Page 1 of 2");
    expect(second.body.match(/<article>/g)).toHaveLength(1);
  });

  it("says that a run was dry where writes are off", async () => {
    const ops = await openOps();
    await makeRun(ops, {}, 1, [{ result: "skipped", reason: "dry_run" }]);
    expect((await read(ops, "/runs")).body).toContain("1 write not sent, for DEFENDER_WRITES is off");
  });

  it("says who holds a run up, and why", async () => {
    const ops = await openOps();
    await makeRun(ops, {}, 2, [CHANGED]);
    const writes = { instance: null, lane: null, writes: true };
    await new Stops(ops.redis, ops.prefix).pause(writes, { by: "ada", why: "<b>change freeze" });
    for (const path of ["/runs", "/runs/r1"])
      expect((await read(ops, path)).body).toContain("Waits: paused by ada: &#60;b&#62;change freeze");
    const waiting = { for: "paused", by: "ada", why: "<b>change freeze" };
    expect(await ops.client.bulk.status("r1")).toMatchObject({ state: "running", waiting });
    await ops.client.bulk.cancel("r1");
    expect(await ops.client.bulk.list()).toMatchObject([{ state: "cancelled", waiting: null }]);
  });

  it.each(["/runs", "/runs/r1"])("hears of what goes on: %s", async (path) => {
    const ops = await openOps();
    await makeRun(ops, {}, 2, [CHANGED]);
    const [, changes = ""] = /data-changes="([^"]+)"/.exec((await read(ops, path)).body) ?? [];
    await new RunStore(ops.redis, ops.prefix).pause("r1");
    const heard = await fetch(`${ops.url}${changes.replaceAll("&#61;", "=")}`);
    expect(heard.headers.get("content-type")).toBe("text/event-stream");
    const reader = heard.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("event: change")) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
  });
});

describe("the page of a bulk run", () => {
  it("shows by page what failed and what was skipped, and why", async () => {
    const ops = await openOps();
    const outcomes = [CHANGED, CONFLICT, ...Array.from({ length: 51 }, () => FAILED), CONFLICT];
    await makeRun(ops, { max_failures: { percent: 100 } }, outcomes.length, outcomes);
    const [first, second] = [await read(ops, "/runs/r1"), await read(ops, "/runs/r1?page=2")];
    expect(first.body).toContain("Failed or skipped: 53");
    expect(first.body).toContain("data-final");
    expect(first.body.match(/<td>failed \(not_found\)<\/td>/g)).toHaveLength(50);
    expect(second.body.match(/<td>failed \(not_found\)<\/td>/g)).toHaveLength(1);
    expect(second.body.match(/<td>skipped \(changed\)<\/td>/g)).toHaveLength(2);
    expect(second.body).toContain("status is &#34;resolved&#34; and was &#34;active&#34;");
    expect(second.body).toContain('href="https://security.microsoft.com/incidents/2"');
  });

  it("gives the whole report as CSV", async () => {
    const ops = await openOps();
    await makeRun(ops, {}, 3, [CHANGED, CONFLICT, { ...FAILED, message: "=cmd()" }]);
    const { body, headers } = await read(ops, "/runs/r1/report.csv");
    expect(headers["content-disposition"]).toBe('attachment; filename="run-r1.csv"');
    const lines = body.trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^id,result,reason,error_code,message,.*status_before.*status_after/);
    expect(lines[1]).toMatch(/^1,changed,.*active.*resolved/);
    expect(lines[3]).toMatch(/^3,failed,,not_found,'=cmd\(\),/);
  });

  it.each(["/runs/none", "/runs/none/report.csv", "/runs/none/cancel", "/runs/r1/erase"])(
    "refuses what is not there: %s",
    async (path) => {
      const ops = await openOps({ OPS_WRITES: "on" });
      await makeRun(ops, {}, 1);
      expect(await read(ops, path)).toMatchObject({ status: 404 });
    },
  );
});

describe("a bulk run", () => {
  it("is paused, resumed and cancelled by an operator, who is asked first", async () => {
    const ops = await openOps({ OPS_USERS });
    await makeRun(ops, {}, 2, [CHANGED]);
    const { write, cookie } = await login(ops.url, "ada");
    const steer = async (verb: string) => {
      const question = await read(ops, `/runs/r1/${verb}`, cookie);
      expect(question.body).toContain(`action="/runs/r1/${verb}"`);
      const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(question.body) ?? [];
      const headers = {
        cookie: write.cookie,
        origin: ops.url,
        "content-type": "application/x-www-form-urlencoded",
      };
      const body = new URLSearchParams({ csrf }).toString();
      return await ask(`${ops.url}/runs/r1/${verb}`, { method: "POST", headers, body });
    };
    expect((await read(ops, "/runs/r1", cookie)).body).toMatch(
      /href="\/runs\/r1\/pause".*"\/runs\/r1\/cancel"/,
    );
    expect(await steer("pause")).toMatchObject({ status: 303, headers: { location: "/runs/r1" } });
    expect(await stateOf(ops)).toBe("paused");
    expect(await steer("resume")).toMatchObject({ status: 303 });
    expect(await stateOf(ops)).toBe("running");
    // Without a ticket no worker would go on with it.
    expect(await ops.queues.get(runsQueueName("default")).getJobCountByTypes("waiting")).toBe(2);
    expect(await steer("cancel")).toMatchObject({ status: 303 });
    expect(await stateOf(ops)).toBe("cancelled");
    expect(ops.log.filter((line) => line.includes('"ops.run"'))).toHaveLength(3);
    const refused = await ask(`${ops.url}/runs/r1/resume`, { method: "POST", headers: write });
    expect(refused.status).toBe(409);
    expect(refused.body).toContain("is cancelled and can&#39;t be resumed");
  });

  it("is only looked at by a viewer", async () => {
    const ops = await openOps({ OPS_USERS });
    await makeRun(ops, {}, 2, [FAILED]);
    const { write, cookie } = await login(ops.url, "grace");
    const page = await read(ops, "/runs/r1", cookie);
    expect(page.body).toContain("no such incident");
    expect(page.body).not.toContain("/runs/r1/pause");
    expect(await read(ops, "/runs/r1/pause", cookie)).toMatchObject({ status: 403 });
    expect(await ask(`${ops.url}/runs/r1/pause`, { method: "POST", headers: write })).toMatchObject({
      status: 403,
    });
    expect(await stateOf(ops)).toBe("running");
  });
});
