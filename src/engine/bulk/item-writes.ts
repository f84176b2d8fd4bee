/** The writes to one incident: the update, then the comment, each remembered before it leaves. */
import { addCommentToIncident } from "../../actions/add-comment-to-incident.ts";
import { type Change, patchFor } from "../../bulk/change.ts";
import { renderTemplate } from "../../bulk/comment-template.ts";
import type { Done } from "../../bulk/item-store.ts";
import { fieldsSchema } from "../../bulk/run.ts";
import type { Action } from "../../contract/define-action.ts";
import { Failure } from "../../contract/failure.ts";
import { type Incident, incidentSchema } from "../../contract/incident.ts";
import { pick } from "../../contract/incident-change.ts";
import type { Job } from "../../contract/job.ts";
import type { DefenderConnection } from "../../contract/ports.ts";
import { type Attempt, attempt } from "../attempt.ts";
import { end, judgeAttempt } from "./item-end.ts";
import { noteSchema, reclassify } from "./reclassify.ts";
import { type ItemEnd, type ItemScene, SETTLED } from "./scene.ts";

/** An item does not expire: its time is the life of the run. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** The update was, before writes were switched off. */
const COMMENT_UNSENT = "the comment was not sent: DEFENDER_WRITES is off";

/** What is to be written down of it, once the incident's turn is given back. */
type Settle = () => Promise<ItemEnd>;

export async function makeWrites(scene: ItemScene, change: Change, incident: Incident): Promise<Settle> {
  const { run, taken, tools } = scene;
  let { note, done } = taken;
  let last = incident;
  // Writes may be switched on or off between the two.
  let isSent = done !== null && done.update !== null;
  let isUnsent = false;
  let requestId: string | undefined;
  if (done === null) {
    let update: Done["update"] = null;
    if (note !== null || hasFields(change, incident)) {
      const isKnown = run.verify || taken.item.listed !== undefined;
      const made = await attemptWrite(scene, note, reclassify(change, incident, isKnown), null, {});
      if (made.ended.kind !== "done" || made.isStale) return () => judgeAttempt(scene, made);
      isUnsent = made.ended.reason === "dry_run";
      isSent = !isUnsent;
      requestId = made.requestId;
      last = { ...incident, ...incidentSchema.parse(made.ended.json) };
      update = describeUpdate(scene, change, incident, last);
    }
    done = { update, comment: change.comment === null ? "" : renderTemplate(change.comment, last) };
    note = null;
    // What was not sent is no step behind which the next try may begin.
    if (change.comment !== null && !isUnsent && !(await tools.runs.advance(run.run_id, taken, done)))
      return async () => SETTLED;
  }
  const { update, comment } = done;
  const advanced = { ...scene, taken: { ...taken, note, done: isUnsent ? null : done } };
  if (change.comment !== null) {
    const input = { case_id: run.case_id, comment, alert_group_identifiers: [] };
    const known = taken.done === null ? last : null;
    const made = await attemptWrite(advanced, note, addCommentToIncident, known, input);
    if (made.ended.kind !== "done" || made.isStale) return () => judgeAttempt(advanced, made);
    if (made.ended.reason === "dry_run") isUnsent = true;
    else isSent = true;
    requestId = made.requestId ?? requestId;
  }
  const url = update?.url ?? last.incidentWebUrl ?? null;
  const { before, after = {} } = update ?? {};
  const what =
    isUnsent && !isSent
      ? ({ result: "skipped", reason: "dry_run" } as const)
      : ({ result: "changed", ...(isUnsent && { message: COMMENT_UNSENT }) } as const);
  const outcome = {
    ...what,
    url,
    ...(requestId && { request_id: requestId }),
    ...(before && { before }),
    after,
  };
  return () => end(advanced, outcome, taken.attempts + 1);
}

function hasFields(change: Change, incident: Incident): boolean {
  return Object.keys(patchFor(change, incident)).length > 0;
}

/** What was there before is what was noted when it was first sent, if that was an earlier try. */
function describeUpdate(
  { run, taken }: ItemScene,
  change: Change,
  read: Incident,
  updated: Incident,
): Done["update"] {
  const noted = taken.note === null ? null : noteSchema.parse(taken.note);
  const patch = noted?.patch ?? patchFor(change, read);
  const isKnown = run.verify || taken.item.listed !== undefined;
  const before = noted === null ? (isKnown ? pick(read, patch) : undefined) : noted.before;
  const after = fieldsSchema.parse(pick(updated, patch));
  const url = updated.incidentWebUrl ?? null;
  return { after, url, ...(before && { before: fieldsSchema.parse(before) }) };
}

/** Through the engine's own attempt, with the note in the run's flight record instead of a result's. */
async function attemptWrite(
  scene: ItemScene,
  note: ItemScene["taken"]["note"],
  action: Action,
  /** Null: it is read. */
  known: Incident | null,
  input: Job["input"],
): Promise<Attempt & { requestId: string | undefined }> {
  const { run, taken, nowMs, tools, signal } = scene;
  const { runs, instance, settings } = tools;
  const job: Job = {
    v: 1,
    job_id: `${run.run_id}-${taken.id}`,
    case_id: run.case_id,
    action: action.name,
    instance: run.instance,
    priority: "bulk",
    generation: 1,
    input: { incident_id: taken.id, ...input },
    enqueued_at: new Date(nowMs).toISOString(),
    expires_at: new Date(nowMs).toISOString(),
    ...(run.requested_by !== null && { requested_by: run.requested_by }),
  };
  let requestId: string | undefined;
  const connection = knowing(known, instance.connection, (id) => {
    requestId = id;
  });
  const made = await attempt(
    job,
    action,
    { caseId: run.case_id, jobId: job.job_id, generation: 1, run: 1 },
    {
      verdict: "run",
      run: 1,
      attempts: taken.attempts,
      isOver: false,
      nowMs,
      expiresMs: NEVER_MS,
      note,
      notedAtMs: taken.note_ms,
    },
    {
      store: {
        send: (_fence, sent) => runs.send(run.run_id, taken, sent ?? {}),
        withdraw: () => runs.withdraw(run.run_id, taken),
      },
      instance: () => ({ ...instance, connection }),
      settings,
      checkQuery: async () => null,
      trail: tools.trail,
    },
    signal,
  );
  return { ...made, requestId };
}

/** What was just read is not read again; and nothing is written to the survivor of a merge, which holds other alerts too. */
function knowing(
  known: Incident | null,
  connection: DefenderConnection,
  onWritten: (requestId: string | undefined) => void,
): DefenderConnection {
  return {
    ...connection,
    open(context) {
      const defender = connection.open({ ...context, onWritten });
      const isVerifying = context.expiresAtMs === null;
      return {
        ...defender,
        async followIncident(id) {
          if (isVerifying) return await defender.followIncident(id);
          const incident = known ?? (await defender.getIncident(id));
          const survivor = incident.redirectIncidentId;
          if (survivor)
            throw new Failure("conflict", `incident "${id}" was merged into incident "${survivor}"`);
          return [incident];
        },
      };
    },
  };
}
