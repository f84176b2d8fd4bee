/** What a draft would change, as far as its incidents were looked at. */
import { z } from "zod";
import type { Incident } from "../contract/incident.ts";
import { pick, sameValue } from "../contract/incident-change.ts";
import { type Change, isAlreadySo, patchFor } from "./change.ts";
import { fieldsSchema } from "./run.ts";

const changeLine = z.tuple([z.string(), z.string(), z.string()]);

export const planSampleSchema = z.object({
  id: z.string(),
  displayName: z.string().nullable(),
  url: z.string().nullable(),
  before: fieldsSchema,
  after: fieldsSchema,
});
export type PlanSample = z.output<typeof planSampleSchema>;

export interface RunPlan {
  /** Whether all was looked at that will be: of ids given, the first 50. */
  is_complete: boolean;
  changes: { field: string; from: string; to: string; count: number }[];
  sample: PlanSample[];
  unchanged: number;
  /** Incidents that were read to select by. */
  read: number;
  looked_at: number;
}

/** What looking at some incidents adds to a plan. */
export interface PlanPart {
  lookedAt: number;
  unchanged: number;
  /** How often, by field, from and to as JSON. */
  lines: Map<string, number>;
  samples: PlanSample[];
}

export const SAMPLE_INCIDENTS = 20;
const LONGEST_VALUE = 80;

/** `changeOf`: what is set of this one, its own values among it. */
export function planPart(incidents: readonly { incident: Incident; change: Change }[]): PlanPart {
  const part: PlanPart = { lookedAt: incidents.length, unchanged: 0, lines: new Map(), samples: [] };
  for (const { incident, change } of incidents) {
    if (isAlreadySo(change, incident)) {
      part.unchanged += 1;
      continue;
    }
    const after = patchFor(change, incident);
    const before = pick(incident, after);
    for (const [field, value] of Object.entries(after)) {
      if (sameValue(before[field], value)) continue;
      const line = JSON.stringify([field, shown(before[field]), shown(value)]);
      part.lines.set(line, (part.lines.get(line) ?? 0) + 1);
    }
    const { id, displayName = null, incidentWebUrl: url = null } = incident;
    if (part.samples.length < SAMPLE_INCIDENTS)
      part.samples.push(planSampleSchema.parse({ id, displayName, url, before, after }));
  }
  return part;
}

/** The plan as it lies in Redis: `change:<line>`, `sample:<number>` and counters. */
export function readPlan(fields: Readonly<Record<string, string>>, read: number): RunPlan {
  const plan: RunPlan = {
    is_complete: fields["is_complete"] === "1",
    changes: [],
    sample: [],
    unchanged: Number(fields["unchanged"] ?? 0),
    read,
    looked_at: Number(fields["looked_at"] ?? 0),
  };
  for (const [name, text] of Object.entries(fields)) {
    if (!name.startsWith("change:")) continue;
    const [field, from, to] = changeLine.parse(JSON.parse(name.slice("change:".length)));
    plan.changes.push({ field, from, to, count: Number(text) });
  }
  plan.changes.sort((a, b) => b.count - a.count || a.field.localeCompare(b.field));
  for (let number = 0; number < Number(fields["samples"] ?? 0); number += 1)
    plan.sample.push(planSampleSchema.parse(JSON.parse(fields[`sample:${number}`] ?? "null")));
  return plan;
}

function shown(value: unknown): string {
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  if (text === "") return "none";
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}
