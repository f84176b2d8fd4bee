/** Update Incident: sets status, classification, determination, assignee, tags and resolving comment of one incident. */
import { z } from "zod";
import { actionInput, flag, incidentId } from "../contract/arguments.ts";
import { type ActionContext, defineAction, type OpenWrite, type Outcome } from "../contract/define-action.ts";
import { Failure } from "../contract/failure.ts";
import type { Incident } from "../contract/incident.ts";
import { buildPatch, changeArguments, pick, refusalsOf, sameValue } from "../contract/incident-change.ts";
import type { IncidentRef } from "../contract/result.ts";
import { checkDetermination } from "../contract/triage.ts";

const input = actionInput({
  incident_id: incidentId,
  ...changeArguments,
  follow_redirect: flag("If the incident was merged into another one, update that one.", false),
}).check(({ value, issues }) => {
  for (const { path, message } of refusalsOf(value))
    issues.push({ code: "custom", path, message, input: value });
});

type Input = z.output<typeof input>;

/** What an earlier attempt had read before it sent, and what it sent. */
const noteSchema = z.object({
  before: z.record(z.string(), z.unknown()),
  patch: z.record(z.string(), z.unknown()),
});

async function run(input: Input, context: ActionContext): Promise<Outcome> {
  const { warning, refusal } = checkDetermination(
    input.classification,
    input.determination,
    context.settings,
  );
  if (refusal !== undefined)
    return { kind: "failed", failure: new Failure("invalid_input", `determination: ${refusal}`) };
  const target = await findTarget(input, context);
  if ("kind" in target) return target;

  const patch = buildPatch(input, target.incident);
  const before = pick(target.incident, patch);
  const note = { before, patch: { ...patch } };
  const updated = await context.write(note, (defender) => defender.updateIncident(target.incident.id, patch));
  return updateDone(input, updated, warning === undefined ? [] : [warning]);
}

/**
 * `PATCH` may be repeated, but a late repeat could undo what an analyst did since. So the incident is read first:
 * already as asked is success; a field that differs from what we had read, and isn't ours, is a conflict.
 */
async function verify(input: Input, context: ActionContext, open: OpenWrite): Promise<Outcome | null> {
  const { before, patch } = noteSchema.parse(open.note);
  const target = await findTarget(input, context);
  if ("kind" in target) return target;

  const now = pick(target.incident, patch);
  const asked: Record<string, unknown> = { ...buildPatch(input, target.incident) };
  const pending = Object.keys(patch).filter((field) => !sameValue(now[field], asked[field]));
  if (pending.length === 0)
    return updateDone(input, target.incident, ["The update had already been made by an earlier attempt."]);
  // Tags are added and removed one by one, so what others did to them is kept, not a conflict.
  const foreign = pending.filter((field) => field !== "customTags" && !sameValue(now[field], before[field]));
  if (foreign.length === 0) return null;
  const changes = foreign.map(
    (field) =>
      `${field} is ${JSON.stringify(now[field])} (was ${JSON.stringify(before[field])}, asked for ${JSON.stringify(asked[field])})`,
  );
  return {
    kind: "failed",
    incident: refer(input, target.incident),
    failure: new Failure(
      "conflict",
      `incident "${target.incident.id}" was changed by someone else meanwhile: ${changes.join("; ")}`,
      {
        hint: "Look at the incident and enqueue the update again if it is still wanted.",
      },
    ),
  };
}

/** The incident to write to. One that was merged is a conflict: its survivor holds other alerts too. */
async function findTarget(
  input: Input,
  { defender }: ActionContext,
): Promise<{ incident: Incident } | Outcome> {
  const chain = await defender.followIncident(input.incident_id);
  const survivor = chain.at(-1) ?? chain[0];
  if (chain.length === 1 || input.follow_redirect) return { incident: survivor };
  const link = survivor.incidentWebUrl ?? "no link known";
  return {
    kind: "failed",
    incident: refer(input, survivor),
    failure: new Failure(
      "conflict",
      `incident "${input.incident_id}" was merged into incident "${survivor.id}" (${link})`,
      {
        hint: "The survivor holds other alerts, which an update may resolve too. Pass follow_redirect: true to update it all the same.",
      },
    ),
  };
}

function refer(input: Input, incident: Incident): IncidentRef {
  return { id: incident.id, requested_id: input.incident_id, url: incident.incidentWebUrl ?? null };
}

function updateDone(input: Input, incident: Incident, warnings: string[]): Outcome {
  return {
    kind: "done",
    isSuccess: true,
    message: `Successfully updated incident ${input.incident_id} in Microsoft 365 Defender`,
    json: incident,
    incident: refer(input, incident),
    warnings,
  };
}

export const updateIncident = defineAction({
  name: "update_incident",
  title: "Update Incident",
  description: "Update incident in Microsoft 365 Defender.",
  lane: "incidents",
  effect: "write",
  leaves: "state",
  permissions: ["SecurityIncident.ReadWrite.All"],
  failurePrefix: 'Error executing action "Update Incident". Reason: ',
  input,
  incidentOf: ({ incident_id }) => incident_id,
  run,
  verify,
});
