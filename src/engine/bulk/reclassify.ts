/** The write that a run makes to an incident: like the action Update Incident, but it knows what the run has read. */
import { z } from "zod";
import { type Change, patchFor } from "../../bulk/change.ts";
import { RUN_ACTION } from "../../bulk/run.ts";
import {
  type ActionContext,
  defineAction,
  type OpenWrite,
  type Outcome,
} from "../../contract/define-action.ts";
import { Failure } from "../../contract/failure.ts";
import type { Incident } from "../../contract/incident.ts";
import { pick, sameValue } from "../../contract/incident-change.ts";

const input = z.object({ incident_id: z.string() });
type Input = z.output<typeof input>;

/** What was read before it was sent, and what was sent. */
export const noteSchema = z.object({
  before: z.record(z.string(), z.unknown()).optional(),
  patch: z.record(z.string(), z.unknown()),
});

/** `before` is left out where the incident was not looked at. */
export function reclassify(change: Change, known: Incident, isKnown: boolean) {
  let last = known;

  async function run({ incident_id }: Input, context: ActionContext): Promise<Outcome> {
    const patch = patchFor(change, last);
    const note = { patch: { ...patch }, ...(isKnown || last !== known ? { before: pick(last, patch) } : {}) };
    const updated = await context.write(note, (defender) => defender.updateIncident(incident_id, patch));
    return updateDone(updated);
  }

  /** A late repeat could undo what an analyst did since, so what differs from what was read, and isn't ours, is left alone. */
  async function verify(
    { incident_id }: Input,
    context: ActionContext,
    open: OpenWrite,
  ): Promise<Outcome | null> {
    const { before, patch } = noteSchema.parse(open.note);
    const incident = await context.defender.getIncident(incident_id);
    if (incident.redirectIncidentId) return merged(incident, incident.redirectIncidentId);
    const now = pick(incident, patch);
    const asked: Record<string, unknown> = { ...patchFor(change, incident) };
    const pending = Object.keys(patch).filter((field) => !sameValue(now[field], asked[field]));
    if (pending.length === 0) return updateDone(incident);
    const foreign = pending.filter((field) => before !== undefined && !sameValue(now[field], before[field]));
    if (foreign.length === 0) {
      last = incident;
      return null;
    }
    const message = `changed by someone else after it was sent: ${foreign.join(", ")}`;
    return { kind: "failed", failure: new Failure("conflict", message) };
  }

  return defineAction({
    name: RUN_ACTION,
    title: "Bulk Re-classification",
    description: "Sets what a bulk run sets of one incident.",
    lane: "incidents",
    effect: "write",
    leaves: "state",
    permissions: ["SecurityIncident.ReadWrite.All"],
    failurePrefix: "",
    input,
    incidentOf: ({ incident_id }) => incident_id,
    run,
    verify,
  });
}

function updateDone(incident: Incident): Outcome {
  return { kind: "done", isSuccess: true, message: "", json: incident };
}

function merged(incident: Incident, survivor: string): Outcome {
  return {
    kind: "failed",
    failure: new Failure("conflict", `merged into incident "${survivor}"`),
    incident: { id: survivor, requested_id: incident.id, url: incident.incidentWebUrl ?? null },
  };
}
