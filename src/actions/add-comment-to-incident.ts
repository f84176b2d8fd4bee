/** Add Comment To Incident: one comment for one job, also after a lost answer or a crash. */
import { z } from "zod";
import { actionInput, incidentId, requiredText } from "../contract/arguments.ts";
import { type ActionContext, defineAction, type OpenWrite, type Outcome } from "../contract/define-action.ts";
import type { Incident, IncidentComment } from "../contract/incident.ts";

/** UTF-16 units that the portal documents for a comment (`defender-api.md` 2.3). */
const LONGEST_COMMENT = 30_000;
const CUT_MARK = " […]";
const FOUND = "The comment was found on reading back; it was not sent again.";

const input = actionInput({
  incident_id: incidentId,
  comment: requiredText("Specify the comment that needs to be added to the incident."),
});

type Input = z.output<typeof input>;

/** Where the comment was sent, with which mark, and how often its exact text was there before. */
const noteSchema = z.object({ incident_id: z.string(), mark: z.string(), same_before: z.number().int() });

async function run(input: Input, context: ActionContext): Promise<Outcome> {
  const chain = await context.defender.followIncident(input.incident_id);
  const target = chain.at(-1) ?? chain[0];
  const mark = markOf(context);
  const { text, isCut } = composeComment(input.comment, mark);
  // A Redis that lost its last writes may have forgotten that this job has sent its comment; the mark has not.
  const known = mark === "" ? null : findOnce(chain, text, mark);
  if (known !== null) return commentDone(input, known.incident, known.comment, [FOUND]);
  const note = { incident_id: target.id, mark, same_before: countSame(target.comments, text) };
  const comments = await context.write(note, (defender) => defender.addComment(target.id, text));

  const warnings = [
    ...(isCut ? [`The comment was cut to ${LONGEST_COMMENT} characters.`] : []),
    ...(chain.length > 1
      ? [`Incident ${input.incident_id} was merged into ${target.id}; the comment is there.`]
      : []),
  ];
  return commentDone(input, target, findOurs(comments, text, mark) ?? null, warnings);
}

/**
 * `POST comment` has no id and no idempotency key, so the only proof is the incident itself: our mark, or one more of the
 * exact text. While the answer may still be on its way (`COMMENT_SETTLE`), absence proves nothing. Comments stay
 * where they were at a merge, so the incident it was sent to is read as well as its survivor.
 */
async function verify(input: Input, context: ActionContext, open: OpenWrite): Promise<Outcome | null> {
  const note = noteSchema.parse(open.note);
  const chain = await context.defender.followIncident(note.incident_id);
  const { text } = composeComment(input.comment, note.mark);
  const mayBeIn =
    note.mark === ""
      ? chain.filter(
          ({ id, comments }) => id === note.incident_id && countSame(comments, text) > note.same_before,
        )
      : chain;
  const found = findOnce(mayBeIn, text, note.mark);
  if (found !== null) return commentDone(input, found.incident, found.comment, [FOUND]);
  const settledAtMs = open.sentAtMs + context.settings.commentSettleMs;
  return open.nowMs < settledAtMs
    ? { kind: "again", waitFor: "settle", delayMs: settledAtMs - open.nowMs }
    : null;
}

/**
 * The mark that tells our comment from all others: ASCII, made from the job and not from the text, so that the same text
 * may be asked for twice. Sync jobs recognise it by `/\[ref [0-9A-HJKMNP-TV-Z]{8}( case [ -~]+)?\]$/`.
 */
function markOf({ settings, reference, job }: ActionContext): string {
  if (settings.commentReference === "off") return "";
  const caseText = job.caseId.replaceAll(/[^\w.:/#-]/g, "_").slice(0, 64);
  return settings.commentReference === "case" ? `[ref ${reference} case ${caseText}]` : `[ref ${reference}]`;
}

/** The text as it is sent: no control characters, cut to the limit, the mark last whatever is cut. */
export function composeComment(comment: string, mark: string): { text: string; isCut: boolean } {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: taking them out is the point
  const clean = comment.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "").toWellFormed();
  const tail = mark === "" ? "" : `\n\n${mark}`;
  const room = LONGEST_COMMENT - tail.length;
  if (clean.length <= room) return { text: clean + tail, isCut: false };
  const cut = clean.slice(0, room - CUT_MARK.length).replace(/[\ud800-\udbff]$/, "");
  return { text: cut + CUT_MARK + tail, isCut: true };
}

function countSame(comments: readonly IncidentComment[] | null | undefined, text: string): number {
  return (comments ?? []).filter(({ comment }) => comment === text).length;
}

/** Only the mark of this job counts, and only at the end: a user may have pasted it into any other comment. */
function findOurs(
  comments: readonly IncidentComment[],
  text: string,
  mark: string,
): IncidentComment | undefined {
  return comments.findLast(({ comment }) => (mark === "" ? comment === text : endOf(comment).endsWith(mark)));
}

/** Where our comment is among the incidents that it may be in; null when it is in none. */
function findOnce(
  incidents: readonly Incident[],
  text: string,
  mark: string,
): { incident: Incident; comment: IncidentComment } | null {
  for (const incident of incidents) {
    const comment = findOurs(incident.comments ?? [], text, mark);
    if (comment !== undefined) return { incident, comment };
  }
  return null;
}

/** Without the tags that the portal may wrap around a text; a mark that is missed would mean a second comment. */
function endOf(comment: string | null | undefined): string {
  return (comment ?? "").replace(/(?:\s|<\/?[a-z][^<>]*>)+$/i, "");
}

function commentDone(
  input: Input,
  incident: Incident,
  comment: IncidentComment | null,
  warnings: string[],
): Outcome {
  return {
    kind: "done",
    isSuccess: true,
    message: `Successfully added comment to incident ${input.incident_id} in Microsoft 365 Defender.`,
    json: comment,
    incident: { id: incident.id, requested_id: input.incident_id, url: incident.incidentWebUrl ?? null },
    warnings,
  };
}

export const addCommentToIncident = defineAction({
  name: "add_comment_to_incident",
  title: "Add Comment To Incident",
  description: "Add comment to incident in Microsoft 365 Defender.",
  lane: "incidents",
  effect: "write",
  leaves: "entry",
  permissions: ["SecurityIncident.ReadWrite.All"],
  failurePrefix: 'Error executing action "Add Comment To Incident". Reason: ',
  input,
  incidentOf: ({ incident_id }) => incident_id,
  run,
  verify,
});
