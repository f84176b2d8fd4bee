import { readFileSync } from "node:fs";
import type { Registry } from "prom-client";
import { expect, it } from "vitest";
import { z } from "zod";
import { QueueMetrics } from "../../src/ops/queue-metrics.ts";
import { WorkerMetrics } from "../../src/ops/worker-metrics.ts";

const metricSchema = z.object({
  name: z.string(),
  type: z.string(),
  labelNames: z.array(z.string()),
  help: z.string(),
});

function rowsOf(registry: Registry): string[] {
  return z
    .array(metricSchema)
    .parse(registry.getMetricsAsArray())
    .filter(({ name }) => name.startsWith("defender_"))
    .map(({ name, type, labelNames, help }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(", ");
      return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
    });
}

it.each([
  ["## Of ops", new QueueMetrics().registry],
  ["## Of each worker", new WorkerMetrics().registry],
])("docs/metrics.md lists every metric, its labels and what it says: %s", (heading, registry) => {
  const guide = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const [, part = ""] = guide.split(`\n${heading}\n`);
  const [section = ""] = part.split("\n## ");
  const listed = section.split("\n").filter((line) => line.startsWith("| `"));
  expect(listed.length).toBeGreaterThan(10);
  expect(listed).toEqual(rowsOf(registry));
});
