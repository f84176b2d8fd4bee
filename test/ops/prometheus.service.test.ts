/** The alert rules and the dashboard ask for metrics that there are, in words that Prometheus understands. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { createLog } from "../../src/log.ts";
import { startWorkerHealth } from "../../src/ops/worker-server.ts";
import { Stops } from "../../src/queue/stops.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { findPromtool, promtool } from "../support/promtool.ts";
import { UPDATE } from "./bull-board.ts";
import { metrics, seriesOf } from "./health.ts";
import { openOps, openWorker } from "./opened.ts";

const pathOf = (name: string): string => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
const read = (name: string): string => readFileSync(pathOf(name), "utf8");

const RULES_TEST = fileURLToPath(new URL("alerts.promtool.yml", import.meta.url));

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({ alert: z.string(), expr: z.string(), annotations: z.object({ runbook: z.string() }) }),
      ),
    }),
  ),
});
const dashboardSchema = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
});

const rules = rulesSchema.parse(parse(read("prometheus/alerts.yml"))).groups.flatMap((group) => group.rules);
const { panels } = dashboardSchema.parse(JSON.parse(read("grafana/dashboard.json")));
const expressions = [...rules, ...panels.flatMap(({ targets }) => targets)].map(({ expr }) => expr);

/** Ops and a worker that has run a job, with something paused. */
async function openBoth() {
  const simulator = await startSimulator({ warmUp: false });
  onTestFinished(simulator.close);
  const ops = await openOps();
  const log: string[] = [];
  const server = await startWorkerHealth(
    { host: "127.0.0.1", port: 0 },
    createLog("info", { write: (line) => log.push(line) }),
  );
  onTestFinished(server.close);
  const { port } = z.object({ port: z.number() }).parse(JSON.parse(log[0] ?? ""));
  server.watch(await openWorker(ops.prefix, { simulator, observe: server.observe }));
  const job = await ops.client.enqueue("update_incident", UPDATE);
  await ops.client.waitForResult(job, { timeoutMs: 20_000 });
  await new Stops(ops.redis, ops.prefix).pause(
    { instance: null, lane: "hunting", writes: false },
    { by: "ada", why: "" },
  );
  return { ops: await metrics(ops.url), worker: await metrics(`http://127.0.0.1:${port}`) };
}

describe("the metrics", () => {
  it("are what rules and dashboard ask for, with the labels that they name", async () => {
    const { ops, worker } = await openBoth();
    const text = `${ops}\n${worker}`;
    const names = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = ""]) => name));
    expect(expressions.length).toBeGreaterThan(20);
    for (const expr of expressions) {
      const asked = [...expr.matchAll(/\b(?:defender|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name);
      for (const name of asked)
        expect([expr, names.has(name) || names.has(name.replace(/_(?:bucket|sum|count)$/, ""))]).toEqual([
          expr,
          true,
        ]);
      for (const [, selector = ""] of expr.matchAll(/\{([^}]*)\}/g))
        for (const [, label = ""] of selector.matchAll(/(\w+)(?:=~|!~|!=|=)"/g))
          if (label !== "job") expect([expr, text.includes(`${label}="`)]).toEqual([expr, true]);
    }
  });

  it("that every ops server tells alike are counted once, however many there are", async () => {
    const { ops } = await openBoth();
    const told = [...ops.matchAll(/^# TYPE (defender_\S+) /gm)].map(([, name = ""]) => name);
    expect(told.length).toBeGreaterThan(10);
    let asked = 0;
    for (const expr of [...expressions, read("kubernetes.yml")])
      for (const { 0: name, index } of expr.matchAll(/\bdefender_[a-z0-9_]+/g)) {
        if (!told.includes(name)) continue;
        asked += 1;
        expect(expr.slice(0, index)).toMatch(/\b(?:max|min)(?: by \([^)]*\) )?\($/);
      }
    expect(asked).toBeGreaterThan(15);
  });

  it("tell workers, pauses, limits, waits at the gate and the token's time", async () => {
    const { ops, worker } = await openBoth();
    const incidents = { instance: "default", lane: "incidents" };
    expect(seriesOf(ops, "defender_queue_workers", { ...incidents, priority: "interactive" })).toBe(1);
    expect(seriesOf(ops, "defender_queue_unsettled_jobs", incidents)).toBe(0);
    expect(seriesOf(ops, "defender_paused", { instance: "all", lane: "hunting", calls: "all" })).toBe(1);
    expect(seriesOf(worker, "defender_gate_limit_calls", { ...incidents, window: "60s" })).toBe(120);
    expect(seriesOf(worker, "defender_gate_spent_calls", { ...incidents, window: "60s" })).toBe(2);
    expect(seriesOf(worker, "defender_gate_held_seconds", incidents)).toBe(0);
    expect(
      seriesOf(worker, "defender_gate_wait_seconds_count", { lane: "incidents", priority: "interactive" }),
    ).toBe(2);
    const renewed = seriesOf(worker, "defender_token_renewed_timestamp_seconds", { instance: "default" });
    expect(Date.now() / 1_000 - (renewed ?? 0)).toBeLessThan(60);
  });

  it("and the rules pass Prometheus' own checks", async ({ skip }) => {
    const program = findPromtool();
    if (program === null) return skip("no promtool");
    expect(promtool(program, ["check", "rules", pathOf("prometheus/alerts.yml")])).toMatchObject({
      ok: true,
    });
    expect(
      promtool(program, ["check", "config", "--syntax-only", pathOf("prometheus/scrape.yml")]),
    ).toMatchObject({ ok: true });
    const { ops, worker } = await openBoth();
    expect(promtool(program, ["test", "rules", RULES_TEST])).toMatchObject({ ok: true });
    for (const text of [ops, worker])
      expect(promtool(program, ["check", "metrics"], text)).toEqual({ ok: true, said: "" });
  });
});

it("every alert leads to its part of the runbook", () => {
  const guide = read("operating.md");
  const anchors = [...guide.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, "")
      .replaceAll(" ", "-"),
  );
  expect(rules.length).toBeGreaterThan(10);
  for (const { annotations } of rules) {
    const [file, anchor = ""] = annotations.runbook.split("#");
    expect(file).toBe("docs/operating.md");
    expect(anchors).toContain(anchor);
  }
});
