/** The board and the pages of cases, as people use them: in a real browser. `SCREENSHOTS=1` renews those of the README. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { Stops } from "../../src/queue/stops.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { CASE, INCIDENTS, UPDATE } from "./bull-board.ts";
import { useChromium } from "./chromium.ts";
import { finishJob } from "./finished.ts";
import { makeRun } from "./finished-run.ts";
import { failNextJob, openOps, openWorker } from "./opened.ts";
import { OPS_USERS } from "./session.ts";

const chromium = useChromium();
const SCREENSHOTS = process.env["SCREENSHOTS"] === "1";
const FAILED = `/queues/queue/${INCIDENTS}?status=failed`;

async function shoot(page: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  await page.setViewportSize({ width: 1_100, height: 700 });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(500);
    const path = new URL(`../../docs/screenshots/${name}-${colorScheme}.png`, import.meta.url).pathname;
    await page.screenshot({ path });
  }
}

describe("in a browser", { timeout: 180_000 }, () => {
  it("an operator sees a failed job and retries it, which a viewer cannot", async ({ skip }) => {
    if (!chromium.isThere()) skip("no Chromium");
    const ops = await openOps({ OPS_USERS });
    const simulator = await startSimulator({ warmUp: false });
    onTestFinished(simulator.close);
    const job = await ops.client.enqueue("update_incident", UPDATE);
    await failNextJob(ops.prefix, INCIDENTS, "not_found: no such incident");
    const error = { code: "not_found", message: "no such incident", retryable: false } as const;
    const told = {
      http_status: 404,
      graph_code: null,
      request_id: "534f4c13-3748-4f82-93ae-9f708012cf39",
      hint: "Check the id, and that the incident is one of this tenant.",
    };
    await finishJob(ops, job, { output_message: "no such incident", error: { ...error, ...told } });

    const viewer = await chromium.openPage(ops, "grace");
    await viewer.goto(FAILED);
    await viewer.getByText("not_found").first().waitFor();
    expect(await viewer.getByRole("button", { name: "Retry all" }).count()).toBe(0);
    const retry = `/queues/api/queues/${INCIDENTS}/${job.jobId}-1/retry`;
    const status = await viewer.evaluate(async (path) => {
      const token = /XSRF-TOKEN=([^;]+)/.exec(Reflect.get(globalThis, "document").cookie)?.[1] ?? "";
      return (await fetch(path, { method: "PUT", headers: { "x-xsrf-token": token } })).status;
    }, retry);
    expect(status).toBe(403);

    const operator = await chromium.openPage(ops, "ada");
    await operator.getByText(INCIDENTS, { exact: true }).first().waitFor();
    await shoot(operator, "board");
    await operator.goto(FAILED);
    await operator.getByText("not_found").first().waitFor();
    await shoot(operator, "queues");
    for (const text of [told.hint, told.request_id])
      expect(await operator.getByText(text).count(), text).toBeGreaterThan(0);
    await operator.getByRole("button", { name: "Retry all" }).click();
    await operator.getByRole("button", { name: "Confirm" }).click();
    await openWorker(ops.prefix, { simulator });
    expect(await ops.client.waitForResult(job, { timeoutMs: 20_000 })).toMatchObject({ is_success: true });
  });

  it("a case is looked up by keyboard, and shows a waiting job end without a reload", async ({ skip }) => {
    if (!chromium.isThere()) skip("no Chromium");
    const ops = await openOps({ OPS_USERS });
    const simulator = await startSimulator({ warmUp: false });
    onTestFinished(simulator.close);
    await openWorker(ops.prefix, { simulator });
    const stops = new Stops(ops.redis, ops.prefix);
    const writes = { instance: null, lane: null, writes: true };
    await stops.pause(writes, { by: "ada", why: "change freeze" });
    await ops.client.enqueue("update_incident", UPDATE, { requestedBy: "playbook 7" });
    const query = await ops.client.enqueue("execute_custom_query", { ...CASE, query: "AlertInfo | take 5" });
    // The simulator loads its parser of KQL for the first query, which takes its time on a busy machine.
    await ops.client.waitForResult(query, { timeoutMs: 60_000 });
    const page = await chromium.openPage(ops, "grace");
    await page.goto("/cases");
    await page.getByLabel("Case id").focus();
    await page.keyboard.type("4711");
    await page.keyboard.press("Enter");
    await page.getByText("paused by ada: change freeze").waitFor();
    await shoot(page, "case");
    await page.evaluate(() => Object.assign(globalThis, { isSame: true }));
    const waiting = page.getByRole("article").filter({ hasText: "paused by ada" });
    await waiting.getByRole("link", { name: "4711" }).focus();
    await stops.unpause(writes);
    await page.getByText("Successfully updated incident 29").waitFor({ timeout: 30_000 });
    expect(await page.evaluate(() => "isSame" in globalThis)).toBe(true);
    // Whoever goes by keyboard keeps his place.
    const updated = page.getByRole("article").filter({ hasText: "Successfully updated incident 29" });
    expect(await updated.locator(":focus").textContent()).toBe("4711");

    await page.getByRole("link", { name: /^\d+ rows$/ }).click();
    await page.getByRole("table").waitFor();
    await shoot(page, "rows");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download as CSV" }).click(),
    ]);
    const lines = (await readFile(await download.path(), "utf8")).trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL("**/login");
    await shoot(page, "login");
  });

  it("a bulk run shows its bar, and pauses when an operator says so", async ({ skip }) => {
    if (!chromium.isThere()) skip("no Chromium");
    const ops = await openOps({ OPS_USERS });
    const changed = Array.from({ length: 22 }, () => ({ result: "changed" as const }));
    const moved = {
      result: "skipped",
      reason: "changed",
      message: 'status is "resolved" and was "active"',
      url: "https://security.microsoft.com/incident2/23",
    } as const;
    const at = new Date().toISOString();
    const failed = { result: "failed", code: "not_found", message: "no such incident", at } as const;
    await makeRun(ops, { requested_by: "playbook 7" }, 40, [...changed, { ...moved, at }, failed]);
    const page = await chromium.openPage(ops, "ada");
    await page.goto("/runs");
    await page.getByRole("progressbar").first().waitFor();
    await shoot(page, "runs");
    await page.getByRole("link", { name: "r1" }).first().click();
    await page.getByRole("table").waitFor();
    await shoot(page, "run");
    await page.getByRole("link", { name: /pause/i }).click();
    await page.getByRole("button", { name: /pause/i }).waitFor();
    await shoot(page, "run-pause");
    await page.getByRole("button", { name: /pause/i }).click();
    await page
      .getByText(/paused/i)
      .first()
      .waitFor();
  });
});
