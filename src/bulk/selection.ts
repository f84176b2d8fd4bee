/** Which incidents a run is about: the part that Graph filters by, and the part that is looked at here. */
import { z } from "zod";
import { optionalText, textList } from "../contract/arguments.ts";
import { CLASSIFICATIONS, type Incident, SEVERITIES, STATUSES } from "../contract/incident.ts";
import { isBalanced, literal } from "../contract/odata.ts";
import { refusal, show } from "../contract/refusal.ts";
import { wordsOf } from "./words.ts";

const words = z.array(z.string()).default([]);
const text = z.string().nullable().default(null);
const moment = z.iso.datetime({ offset: true }).nullable().default(null);

/** As it lies in Redis. Times are ISO 8601; `after` is inclusive and `before` is not, so that windows fit together. */
export const whereSchema = z.object({
  status: words,
  severity: words,
  classification: words,
  assigned_to: text,
  unassigned: z.boolean().default(false),
  created_after: moment,
  created_before: moment,
  updated_after: moment,
  updated_before: moment,
  title_contains: text,
  tag: text,
});
export type Where = z.output<typeof whereSchema>;

const STATUSES_READ = { ...STATUSES, awaitingAction: { label: "Awaiting Action" } };

const time = (description: string) =>
  optionalText(description).transform((given, context) => {
    if (given === null) return null;
    const parsed = readTime(given);
    if (parsed !== null) return parsed;
    const allowed = "a date or time such as 2026-01-31 or 2026-01-31T08:00:00Z";
    context.addIssue({ code: "custom", message: refusal(given, allowed) });
    return z.NEVER;
  });

/** A date is its first moment in UTC; a time needs its zone. */
function readTime(given: string): string | null {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(given);
  const full = isDate ? `${given}T00:00:00Z` : given;
  if (!z.iso.datetime({ offset: true }).safeParse(full).success) return null;
  const timeMs = Date.parse(full);
  return Number.isNaN(timeMs) ? null : new Date(timeMs).toISOString();
}

/** From outside: labels or Graph's words, in any case. */
export const whereInput = z
  .strictObject({
    status: wordsOf("Of one of these states.", STATUSES_READ),
    severity: wordsOf("Of one of these severities.", SEVERITIES),
    classification: wordsOf("Of one of these classifications.", CLASSIFICATIONS),
    assigned_to: optionalText("Assigned to this user; none: to nobody."),
    created_after: time("Created at this time or later."),
    created_before: time("Created before this time."),
    updated_after: time("Last updated at this time or later."),
    updated_before: time("Last updated before this time."),
    title_contains: optionalText("With this in the title, in any case."),
    tag: textList("With this tag, in any case.")
      .refine((tags) => tags.length <= 1, { message: "given several; allowed: one tag" })
      .transform(([tag]) => tag ?? null),
  })
  .transform((given): Where => {
    const isNobody = given.assigned_to?.toLowerCase() === "none";
    return { ...given, assigned_to: isNobody ? null : given.assigned_to, unassigned: isNobody };
  });

/** Why raw OData is refused; null when it can stand between parentheses. */
export function refuseFilter(filter: string): string | null {
  return isBalanced(filter)
    ? null
    : `given ${show(filter)}; allowed: OData whose quotes and parentheses close, such as status eq 'active'`;
}

/** The OData that Graph filters by, safe to be joined with `and`; null for all incidents. */
export function toFilter(where: Where, filter: string | null = null): string | null {
  const parts = [
    ...anyOf("status", where.status),
    ...anyOf("severity", where.severity),
    ...anyOf("classification", where.classification),
    ...(where.assigned_to === null ? [] : [`assignedTo eq ${literal(where.assigned_to)}`]),
    ...(where.unassigned ? ["assignedTo eq null"] : []),
    ...(where.created_after === null ? [] : [`createdDateTime ge ${where.created_after}`]),
    ...(where.created_before === null ? [] : [`createdDateTime lt ${where.created_before}`]),
    ...(where.updated_after === null ? [] : [`lastUpdateDateTime ge ${where.updated_after}`]),
    ...(where.updated_before === null ? [] : [`lastUpdateDateTime lt ${where.updated_before}`]),
    ...(filter === null ? [] : [`(${filter})`]),
  ];
  return parts.length === 0 ? null : parts.join(" and ");
}

function anyOf(property: string, values: readonly string[]): string[] {
  if (values.length === 0) return [];
  return [`(${values.map((value) => `${property} eq ${literal(value)}`).join(" or ")})`];
}

/** Whether some of it is not known to Graph, so that more incidents are read than are selected. */
export function isFilteredHere(where: Where): boolean {
  return where.title_contains !== null || where.tag !== null;
}

/** Whether an incident is selected. Raw OData is Graph's to judge. */
export function matches(where: Where, incident: Incident): boolean {
  const isIn = (values: readonly string[], value: string | null | undefined) =>
    values.length === 0 || values.some((each) => same(each, value));
  return (
    isIn(where.status, incident.status) &&
    isIn(where.severity, incident.severity) &&
    isIn(where.classification, incident.classification) &&
    (where.assigned_to === null || same(where.assigned_to, incident.assignedTo)) &&
    (!where.unassigned || !incident.assignedTo) &&
    isWithin(incident.createdDateTime, where.created_after, where.created_before) &&
    isWithin(incident.lastUpdateDateTime, where.updated_after, where.updated_before) &&
    (where.title_contains === null || fold(incident.displayName).includes(fold(where.title_contains))) &&
    (where.tag === null || (incident.customTags ?? []).some((tag) => same(tag, where.tag)))
  );
}

function fold(value: string | null | undefined): string {
  return (value ?? "").toLowerCase();
}

function same(left: string | null | undefined, right: string | null | undefined): boolean {
  return fold(left) === fold(right);
}

/** Our times are whole milliseconds, so the digits that Graph has beyond those decide nothing. */
function isWithin(value: string | null | undefined, after: string | null, before: string | null): boolean {
  if (after === null && before === null) return true;
  const timeMs = Date.parse(value ?? "");
  return (after === null || timeMs >= Date.parse(after)) && (before === null || timeMs < Date.parse(before));
}
