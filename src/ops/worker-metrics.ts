/** What a worker measures: runs and their ends, calls to Defender, holds of the gate. Labels are bounded. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { ACTION_NAMES } from "../actions/catalog.ts";
import { FAILURE_CODES } from "../contract/failure.ts";
import { keysOf } from "../contract/table.ts";
import { CALLS } from "../defender/graph-call.ts";
import { withPatience } from "../defender/patience.ts";
import type { LimitShare } from "../engine/instances.ts";
import { DELIVERIES, LOSSES, type Observe, type Run, type WorkerEvent } from "../engine/observer.ts";
import { addProcessMetrics } from "./process-metrics.ts";

type Defender = Extract<WorkerEvent, { kind: "defender" }>;

/** A scrape does not wait longer for Redis. */
const PATIENCE_MS = 2_000;
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180];

export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #runs: Counter;
  readonly #finished: Counter;
  readonly #runSeconds: Histogram;
  readonly #holds: Counter;
  readonly #limitShare: Gauge;
  readonly #calls: Counter;
  readonly #throttled: Counter;
  readonly #callSeconds: Histogram;
  readonly #tokens: Counter;
  readonly #tokenTime: Gauge;
  readonly #gateWait: Histogram;
  readonly #limitCalls: Gauge;
  readonly #spentCalls: Gauge;
  readonly #held: Gauge;
  readonly #lost: Counter;
  readonly #deliveries: Counter;

  /** `instances`: those that are served here. */
  constructor(instances: readonly string[] = []) {
    const registers = [this.registry];
    const counter = (name: string, help: string, labelNames: string[]): Counter =>
      new Counter({ name, help, labelNames, registers });
    const seconds = (name: string, help: string, labelNames: string[]): Histogram =>
      new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
    addProcessMetrics(this.registry);
    this.#runs = counter(
      "defender_job_runs_total",
      "Runs of jobs by how they ended: completed, failed, later, …",
      ["instance", "action", "ended"],
    );
    this.#finished = counter(
      "defender_jobs_finished_total",
      "Jobs that are over: completed, or a failure code.",
      ["instance", "action", "outcome"],
    );
    this.#runSeconds = seconds("defender_job_run_duration_seconds", "Time that runs of jobs took.", [
      "action",
    ]);
    this.#holds = counter(
      "defender_gate_holds_total",
      "Times that no more jobs were taken, for a quota or a pause.",
      ["instance", "lane", "scope"],
    );
    this.#limitShare = new Gauge({
      name: "defender_gate_limit_share",
      help: "The part of a lane's configured limits that is in use; below 1 after Defender refused calls below them.",
      labelNames: ["instance", "lane"],
      registers,
    });
    this.#calls = counter(
      "defender_calls_total",
      "Calls that left for Microsoft Graph, by HTTP status or none.",
      ["instance", "lane", "call", "status"],
    );
    this.#throttled = counter(
      "defender_throttled_calls_total",
      "Calls that Microsoft Graph refused as too many, by the quota it says is spent: calls, cpu or unknown.",
      ["instance", "lane", "quota"],
    );
    this.#callSeconds = seconds(
      "defender_call_duration_seconds",
      "Time that calls to Microsoft Graph took.",
      ["lane"],
    );
    this.#gateWait = seconds(
      "defender_gate_wait_seconds",
      "Time that calls waited at the gate of their lane.",
      ["lane", "priority"],
    );
    const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
      new Gauge({ name, help, labelNames, registers });
    this.#limitCalls = gauge(
      "defender_gate_limit_calls",
      "Calls per window that are configured for a lane.",
      ["instance", "lane", "window"],
    );
    this.#spentCalls = gauge(
      "defender_gate_spent_calls",
      "Calls of all workers that are in a window of a lane now.",
      ["instance", "lane", "window"],
    );
    this.#held = gauge(
      "defender_gate_held_seconds",
      "Time until a lane takes interactive calls again, for a pause or full windows; 0 when it does now.",
      ["instance", "lane"],
    );
    this.#tokenTime = gauge(
      "defender_token_renewed_timestamp_seconds",
      "When this worker last got a token of the instance, in Unix time.",
      ["instance"],
    );
    this.#lost = counter(
      "defender_jobs_lost_total",
      "Jobs whose run was lost: stalled (taken from a worker that died) or lock_lost (this worker was too slow).",
      ["instance", "how"],
    );
    this.#deliveries = counter(
      "defender_webhook_deliveries_total",
      "Final results that were sent to the webhook: taken, refused (it is tried again) or given_up.",
      ["instance", "outcome"],
    );
    this.#tokens = counter("defender_token_requests_total", "Requests for a token: ok, or a failure code.", [
      "instance",
      "outcome",
    ]);
    for (const instance of instances) this.#beginAtNought(instance);
  }

  /** What alert rules look at: Prometheus takes the first value of a series for no rise, whatever it is. */
  #beginAtNought(instance: string): void {
    const codes = keysOf(FAILURE_CODES);
    for (const action of ACTION_NAMES)
      for (const outcome of ["completed", ...codes]) this.#finished.inc({ instance, action, outcome }, 0);
    for (const outcome of ["ok", ...codes]) this.#tokens.inc({ instance, outcome }, 0);
    for (const how of LOSSES) this.#lost.inc({ instance, how }, 0);
    for (const outcome of DELIVERIES) this.#deliveries.inc({ instance, outcome }, 0);
  }

  readonly observe: Observe = (event) => {
    const { kind, instance } = event;
    if (kind === "run") this.#countRun(instance, event);
    else if (kind === "lost") this.#lost.inc({ instance, how: event.how });
    else if (kind === "delivery") this.#deliveries.inc({ instance, outcome: event.outcome });
    else if (kind === "hold") this.#holds.inc({ instance, lane: event.lane, scope: event.scope });
    else this.#countCall(instance, event.event);
  };

  /** Without an answer from Redis no share is shown, for an old one would be a lie. */
  async collect(read: () => Promise<LimitShare[]>): Promise<void> {
    const patience = withPatience(PATIENCE_MS, new AbortController().signal, (within) => within(read()));
    const shares = await patience.catch(() => []);
    for (const gauge of [this.#limitShare, this.#limitCalls, this.#spentCalls, this.#held]) gauge.reset();
    for (const { instance, lane, share, windows, heldMs } of shares) {
      this.#limitShare.set({ instance, lane }, share);
      this.#held.set({ instance, lane }, heldMs / 1_000);
      for (const { calls, windowMs, spentCalls } of windows) {
        const labels = { instance, lane, window: `${windowMs / 1_000}s` };
        this.#limitCalls.set(labels, calls);
        this.#spentCalls.set(labels, spentCalls);
      }
    }
  }

  #countRun(instance: string, { action: name, settlement, durationMs }: Run): void {
    // A foreign payload may name anything.
    const action = ACTION_NAMES.find((known) => known === name) ?? "unknown";
    this.#runs.inc({ instance, action, ended: settlement.kind });
    this.#runSeconds.observe({ action }, durationMs / 1_000);
    if (settlement.kind === "completed") this.#finished.inc({ instance, action, outcome: "completed" });
    if (settlement.kind === "failed")
      this.#finished.inc({ instance, action, outcome: settlement.failure.code });
  }

  #countCall(instance: string, event: Defender["event"]): void {
    if (event.kind === "token") {
      this.#tokens.inc({ instance, outcome: event.failure?.code ?? "ok" });
      if (event.failure === null) this.#tokenTime.set({ instance }, Date.now() / 1_000);
      return;
    }
    if (event.kind === "passed") {
      this.#gateWait.observe({ lane: event.lane, priority: event.priority }, event.waitMs / 1_000);
      return;
    }
    if (event.kind === "throttled") {
      this.#throttled.inc({ instance, lane: event.lane, quota: event.quota });
      return;
    }
    const { call, status, durationMs } = event;
    const { lane } = CALLS[call];
    this.#calls.inc({ instance, lane, call, status: status ?? "none" });
    this.#callSeconds.observe({ lane }, durationMs / 1_000);
  }
}
