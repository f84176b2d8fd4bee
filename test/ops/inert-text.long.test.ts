/** Text that others write is shown as text, in a real browser, on every page that shows it. */
import { describe, expect, it } from "vitest";
import { changeSchema } from "../../src/bulk/change.ts";
import { whereSchema } from "../../src/bulk/selection.ts";
import { Stops } from "../../src/queue/stops.ts";
import { CASE, INCIDENTS } from "./bull-board.ts";
import { useChromium } from "./chromium.ts";
import { finishJob } from "./finished.ts";
import { makeRun } from "./finished-run.ts";
import { failNextJob, openOps } from "./opened.ts";
import { OPS_USERS } from "./session.ts";

const chromium = useChromium();
const FAILED = `/queues/queue/${INCIDENTS}?status=failed`;

describe("text from outside", { timeout: 180_000 }, () => {
  it("runs nowhere: comment, query, error, entity, user", async ({ skip }) => {
    if (!chromium.isThere()) skip("no Chromium");
    const ops = await openOps({ OPS_USERS });
    const evil = `"'><img src=x onerror="globalThis.isHit = true"><script>globalThis.isHit = true</script>`;
    const comment = await ops.client.enqueue(
      "add_comment_to_incident",
      { ...CASE, incident_id: 29, comment: evil },
      { requestedBy: evil },
    );
    await failNextJob(ops.prefix, INCIDENTS, `invalid_query: ${evil}`);
    const error = { code: "invalid_query", message: evil, retryable: false } as const;
    const told = { http_status: 400, graph_code: evil, request_id: evil, hint: evil };
    await finishJob(ops, comment, { output_message: evil, error: { ...error, ...told } });
    const query = await ops.client.enqueue("execute_custom_query", {
      ...CASE,
      query: `AlertInfo // ${evil}`,
    });
    const incident = { id: evil, requested_id: evil, url: `javascript:globalThis.isHit=true//${evil}` };
    await finishJob(ops, query, { is_success: true, kql: evil, warnings: [evil], incident }, [
      { [evil]: evil },
    ]);
    const page = await chromium.openPage(ops, "ada");
    for (const path of [
      "/cases?case_id=4711",
      `/cases/job?case_id=4711&job_id=${query.jobId}&sort=${encodeURIComponent(evil)}`,
      `/cases?case_id=${encodeURIComponent(evil)}`,
      FAILED,
      `/queues/queue/${INCIDENTS}/${comment.jobId}-1`,
    ]) {
      await page.goto(path);
      await page.waitForLoadState("networkidle");
      expect([path, await page.evaluate(() => "isHit" in globalThis)]).toEqual([path, false]);
    }
    await page.goto("/cases?case_id=4711");
    expect(await page.getByText(evil, { exact: false }).count()).toBeGreaterThan(0);
  });

  it("makes no element of any page: case, asker, entity, pause, bulk run", async ({ skip }) => {
    if (!chromium.isThere()) skip("no Chromium");
    const ops = await openOps({ OPS_USERS });
    const evilOf = (what: string) =>
      `${what} "'><img src=x class="planted" onerror="alert('${what}')"><script class="planted">alert('${what}')</script>`;
    const caseId = evilOf("case");
    const place = { case_id: caseId, alert_group_identifiers: [] };
    const stops = new Stops(ops.redis, ops.prefix);
    const everything = { instance: null, lane: null, writes: false };
    await stops.pause(everything, { by: evilOf("pauser"), why: evilOf("reason") });
    const held = await ops.client.enqueue(
      "update_incident",
      { ...place, incident_id: 29, status: "Resolved" },
      { requestedBy: evilOf("asker") },
    );
    const entity = { Identifier: evilOf("entity"), EntityType: "HOSTNAME" };
    const query = await ops.client.enqueue("execute_entity_query", {
      ...place,
      table_names: "DeviceInfo",
      hostname_entity_key: "DeviceName",
      target_entities: [entity],
    });
    const kql = `DeviceInfo | where DeviceName == "${entity.Identifier}"`;
    await finishJob(ops, query, { is_success: true, output_message: entity.Identifier, kql }, [
      { DeviceName: entity.Identifier },
    ]);
    const where = whereSchema.parse({ title_contains: evilOf("title"), tag: evilOf("tag") });
    const selection = { kind: "filter", where, filter: evilOf("filter") } as const;
    const comments = { comment: evilOf("comment"), resolving_comment: evilOf("resolved") };
    const change = changeSchema.parse({ ...comments, add_tags: [evilOf("added")] });
    const people = { case_id: caseId, owner: evilOf("owner"), requested_by: evilOf("asker") };
    const miss = { result: "failed", code: "not_found", message: evilOf("miss") } as const;
    await makeRun(ops, { ...people, selection, change, max_failures: { percent: 100 } }, 2, [miss]);

    const page = await chromium.openPage(ops, "ada");
    const dialogs: string[] = [];
    page.on("dialog", async (dialog) => {
      dialogs.push(dialog.message());
      await dialog.dismiss();
    });
    const shown: [path: string, texts: string[]][] = [
      [`/cases?${new URLSearchParams({ case_id: caseId })}`, ["case", "asker", "pauser", "reason", "entity"]],
      ["/cases?incident_id=29", ["case", "asker", "pauser", "reason"]],
      [`/cases/job?${new URLSearchParams({ case_id: caseId, job_id: held.jobId })}`, ["case", "asker"]],
      [`/cases/job?${new URLSearchParams({ case_id: caseId, job_id: query.jobId })}`, ["case", "entity"]],
      ["/runs", ["case", "owner", "asker", "title", "tag", "filter", "comment", "resolved", "added"]],
      ["/runs/r1", ["case", "owner", "asker", "title", "filter", "comment", "resolved", "added", "miss"]],
      [`/queues/queue/${INCIDENTS}`, ["case", "asker", "pauser", "reason"]],
      [`/queues/queue/${INCIDENTS}/${held.jobId}-1`, ["case", "asker"]],
    ];
    for (const [path, texts] of shown) {
      await page.goto(path);
      for (const what of texts) {
        const text = page.getByText(`${what} "'><img src=x`).or(page.getByText(`${what} \\"'><img src=x`));
        await expect
          .poll(() => text.count(), { message: `${what} on ${path}`, timeout: 10_000 })
          .toBeGreaterThan(0);
      }
      await page.waitForLoadState("networkidle");
      expect([path, await page.locator(".planted").count(), dialogs]).toEqual([path, 0, []]);
    }
  });
});
