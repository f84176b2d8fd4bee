/** What Node tells of a process: its processor, memory, event loop and garbage collection. */
import { collectDefaultMetrics, type Registry } from "prom-client";

/** Gauges that end like counters, which Prometheus' linter refuses; others tell the same by type. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
