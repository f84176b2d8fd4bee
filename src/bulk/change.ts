/** The change of a run: what it sets of an incident, whether an incident is so already, and the change that puts it back. */
import { z } from "zod";
import { optionalText } from "../contract/arguments.ts";
import type { Incident, IncidentPatch } from "../contract/incident.ts";
import { buildPatch, changeArguments, pick, refusalsOf, sameValue } from "../contract/incident-change.ts";
import { refuseTemplate } from "./comment-template.ts";

const word = z.string().nullable();
const tags = z.array(z.string()).readonly();

const NOTHING: Change = {
  status: null,
  classification: null,
  determination: null,
  assign_to: null,
  unassign: false,
  add_tags: [],
  remove_tags: [],
  resolving_comment: null,
  comment: null,
  set_tags: null,
  clear_resolving_comment: false,
};

const whole = z.object({
  status: word,
  classification: word,
  determination: word,
  assign_to: word,
  unassign: z.boolean(),
  add_tags: tags,
  remove_tags: tags,
  resolving_comment: word,
  /** A template. */
  comment: word,
  /** Only of an undo: all tags, in the place of those that are there. */
  set_tags: tags.nullable(),
  /** Only of an undo. */
  clear_resolving_comment: z.boolean(),
});

/** What one item sets in its own way. */
export const ownChangeSchema = whole.partial();
export type OwnChange = z.output<typeof ownChangeSchema>;

/** As it lies in Redis. */
export const changeSchema = ownChangeSchema.transform((own): Change => withOwn(NOTHING, own));
export type Change = z.output<typeof whole>;

const changeInput = z.object({
  ...changeArguments,
  comment: optionalText("A comment to add; fields of the incident stand in braces, such as {displayName}."),
});

/** Names of what can be asked for, as callers write them. */
export const CHANGE_NAMES: readonly string[] = Object.keys(changeInput.shape);

/** What was asked for, from outside, but for how it hangs together: `refuseChange` judges that once it is whole. */
export const ownChangeInput = changeInput.partial().transform((asked): OwnChange => {
  const given = Object.entries(asked).filter(([, value]) => isGiven(value));
  return ownChangeSchema.parse(Object.fromEntries(given));
});

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined && value !== false;
}

/** The change of an item: what it sets in its own way goes first. */
export function withOwn(change: Change, own: OwnChange = {}): Change {
  const both = whole.parse({ ...change, ...own });
  if (own.unassign === true) return { ...both, assign_to: own.assign_to ?? null };
  return own.assign_to ? { ...both, unassign: false } : both;
}

/** Why a change that was asked for can't be made, a sentence each; empty when it can. */
export function refuseChange(change: Change): string[] {
  const asked = changeInput.parse(change);
  const template = asked.comment === null ? null : refuseTemplate(asked.comment);
  const refused = refusalsOf(asked, ["comment"]).filter(
    ({ path }) => path.length > 0 || asked.comment === null,
  );
  return [
    ...refused.map(({ path, message }) => [...path, message].join(": ")),
    ...(template === null ? [] : [`comment: ${template}`]),
  ];
}

/** All fields that the change sets, also those that are so already. */
export function patchFor(change: Change, incident: Incident): IncidentPatch {
  return {
    ...buildPatch(change, incident),
    ...(change.set_tags === null ? {} : { customTags: [...change.set_tags] }),
    ...(change.clear_resolving_comment ? { resolvingComment: null } : {}),
  };
}

/** Whether nothing is left to do. A comment goes along with fields that change; alone, it is always still to be added. */
export function isAlreadySo(change: Change, incident: Incident): boolean {
  const patch = patchFor(change, incident);
  const fields = Object.entries(patch);
  if (fields.length === 0) return change.comment === null;
  const now = pick(incident, patch);
  return fields.every(([field, value]) => sameValue(now[field], value));
}

/**
 * The change that puts back what an incident held before. Empty where a value can't be put back: Graph takes no null
 * for status, classification and determination. Half an undo would be a state that nobody chose.
 */
export function changeBack(before: Readonly<Record<string, unknown>>): OwnChange {
  const back: OwnChange = {};
  for (const [field, value] of Object.entries(before)) {
    if (field === "assignedTo")
      Object.assign(back, isText(value) ? { assign_to: value } : { unassign: true });
    else if (field === "customTags") back.set_tags = tags.parse(value ?? []);
    else if (field === "resolvingComment")
      Object.assign(back, isText(value) ? { resolving_comment: value } : { clear_resolving_comment: true });
    else if (!isText(value)) return {};
    else if (field === "status" || field === "classification" || field === "determination")
      back[field] = value;
    else return {};
  }
  return back;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
