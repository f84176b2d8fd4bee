/** What is asked to be set of an incident: its arguments, what is refused of them, and the patch that they become. */
import { choice, flag, optionalText, textList } from "./arguments.ts";
import {
  CLASSIFICATIONS,
  type Classification,
  DETERMINATIONS,
  type Determination,
  type Incident,
  type IncidentPatch,
  type IncidentStatus,
  STATUSES,
} from "./incident.ts";
import { checkDetermination } from "./triage.ts";

/** Status, classification and determination in Graph's words, also those that we don't know. */
export interface IncidentChange {
  status: string | null;
  classification: string | null;
  determination: string | null;
  assign_to: string | null;
  unassign: boolean;
  add_tags: readonly string[];
  remove_tags: readonly string[];
  resolving_comment: string | null;
}

/** The same in words that may be asked for. */
export interface AskedChange extends IncidentChange {
  status: IncidentStatus | null;
  classification: Classification | null;
  determination: Determination | null;
}

/** Parts of an action's arguments. */
export const changeArguments = {
  status: choice("Specify what status to set for the incident.", STATUSES, null),
  classification: choice("Specify what classification to set for the incident.", CLASSIFICATIONS, null),
  determination: choice(
    "Specify what determination to set for the incident; it must belong to the classification.",
    DETERMINATIONS,
    null,
  ),
  assign_to: optionalText("Specify to whom to assign this incident.").transform((name) =>
    name?.toLowerCase() === "select one" ? null : name,
  ),
  unassign: flag("Take the assignee away.", false),
  add_tags: textList("Tags to add; the others stay."),
  remove_tags: textList("Tags to remove, in any case."),
  resolving_comment: optionalText("The note shown with the resolution."),
};

export interface Refused {
  /** Of the argument; empty for the whole. */
  path: string[];
  message: string;
}

/** Why a change can't be asked for; empty when it can. `others` are names of arguments that may be set besides these. */
export function refusalsOf(change: AskedChange, others: readonly string[] = []): Refused[] {
  const refused: Refused[] = [];
  if (!setsAnything(change)) {
    const names = [...Object.keys(changeArguments), ...others].join(", ");
    refused.push({
      path: [],
      message: `at least one of the parameters should have a value provided: ${names}`,
    });
  }
  if (change.unassign && change.assign_to !== null)
    refused.push({
      path: ["unassign"],
      message: `given true beside assign_to ${JSON.stringify(change.assign_to)}; allowed: one of the two`,
    });
  const verdict = checkDetermination(change.classification, change.determination);
  if (verdict.refusal !== undefined) refused.push({ path: ["determination"], message: verdict.refusal });
  return refused;
}

export function setsAnything(change: IncidentChange): boolean {
  return changesTags(change) || Object.keys(buildPatch(change, null)).length > 0;
}

function changesTags({ add_tags, remove_tags }: IncidentChange): boolean {
  return add_tags.length > 0 || remove_tags.length > 0;
}

/**
 * All that is asked to be set, also where it is so already; without an incident, without its tags. Graph replaces the
 * whole list of tags, so it is merged with what the incident has.
 */
export function buildPatch(change: IncidentChange, incident: Incident | null): IncidentPatch {
  return {
    ...(change.status === null ? {} : { status: change.status }),
    ...(change.classification === null ? {} : { classification: change.classification }),
    ...(change.determination === null ? {} : { determination: change.determination }),
    ...(change.assign_to === null ? {} : { assignedTo: change.assign_to }),
    ...(change.unassign ? { assignedTo: null } : {}),
    ...(incident !== null && changesTags(change)
      ? { customTags: mergeTags(incident.customTags ?? [], change) }
      : {}),
    ...(change.resolving_comment === null ? {} : { resolvingComment: change.resolving_comment }),
  };
}

function mergeTags(current: readonly string[], { add_tags, remove_tags }: IncidentChange): string[] {
  const removed = new Set(remove_tags.map((tag) => tag.toLowerCase()));
  const merged = new Map<string, string>();
  for (const tag of [...current, ...add_tags]) {
    const key = tag.toLowerCase();
    if (!removed.has(key) && !merged.has(key)) merged.set(key, tag);
  }
  return [...merged.values()];
}

/** What an incident holds in the fields of a patch; null for what it does not. */
export function pick(incident: Incident, patch: object): Record<string, unknown> {
  return Object.fromEntries(Object.keys(patch).map((field) => [field, incident[field] ?? null]));
}

/** Graph answers enums in either case, and keeps no order of tags. */
export function sameValue(left: unknown, right: unknown): boolean {
  const fold = (value: unknown): string =>
    Array.isArray(value) ? JSON.stringify(value.map(String).sort()) : String(value ?? "").toLowerCase();
  return fold(left) === fold(right);
}
