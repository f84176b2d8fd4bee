/**
 * Building blocks for action schemas: they accept what SOARs really send (lists of one, text for numbers and booleans,
 * labels in any case, empty values) and refuse the rest in one sentence that says what was given and what is allowed.
 */
import { z } from "zod";
import { targetEntitySchema } from "./entities.ts";
import { refusal, refusing, show } from "./refusal.ts";
import { keysOf } from "./table.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);

type Scalar = z.infer<typeof scalar>;
type Sent = Scalar | Scalar[] | null | undefined;

/** A list of one is the value itself; null, an empty list and blank text are "not given". */
function single(sent: Sent): { ok: true; text: string } | { ok: false } {
  if (sent === undefined || sent === null) return { ok: true, text: "" };
  if (Array.isArray(sent)) return sent.length > 1 ? { ok: false } : single(sent[0]);
  return { ok: true, text: String(sent).trim() };
}

/** A pipe step that reads one text; `read` gives undefined for what is not allowed. */
function reading<T>(allowed: string, read: (text: string) => T | undefined) {
  return (sent: Sent, context: z.RefinementCtx): T => {
    const one = single(sent);
    const value = one.ok ? read(one.text) : undefined;
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: refusal(sent, allowed) });
    return z.NEVER;
  };
}

function scalarArgument(allowed: string) {
  return z.union([scalar, z.array(scalar), z.null()], refusing(allowed));
}

function requiredArgument<T>(allowed: string, read: (text: string) => T | undefined) {
  return scalarArgument(allowed).transform(reading(allowed, read));
}

function argument<T>(allowed: string, read: (text: string) => T | undefined) {
  return scalarArgument(allowed).optional().transform(reading(allowed, read));
}

/** Text that must be there. */
export function requiredText(description: string, allowed = "text that is not empty") {
  return requiredArgument(allowed, (text) => (text === "" ? undefined : text)).meta({ description });
}

/** Text that may be missing or empty: then null. */
export function optionalText(description: string) {
  return argument<string | null>("text", (text) => (text === "" ? null : text)).meta({ description });
}

/** A whole number from `min` on, as number or text; `fallback` when missing or empty. */
export function wholeNumber(description: string, fallback: number, min: number, tooSmall: string) {
  return argument(`a whole number from ${min} on`, (text) => {
    if (text === "") return fallback;
    return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
  })
    .refine((value) => value >= min, { message: tooSmall })
    .meta({ description, default: fallback });
}

/** A boolean, also as the text true/false, yes/no, 1/0; `fallback` when missing or empty. */
export function flag(description: string, fallback: boolean) {
  const values = new Map([
    ["", fallback],
    ["true", true],
    ["false", false],
    ["yes", true],
    ["no", false],
    ["1", true],
    ["0", false],
  ]);
  return argument("true or false", (text) => values.get(text.toLowerCase())).meta({
    description,
    default: fallback,
  });
}

interface Term {
  label: string;
  aliases?: readonly string[];
}

function fold(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/**
 * One of a table of values, by value, label or alias, in any case and with any separators. Missing, empty and the
 * SOAR's `Select One` give `fallback`.
 */
export function choice<K extends string, F extends K | null>(
  description: string,
  terms: Readonly<Record<K, Term>>,
  fallback: F,
) {
  const keys = keysOf(terms);
  const byName = new Map<string, K>();
  for (const key of keys) {
    for (const name of [key, terms[key].label, ...(terms[key].aliases ?? [])]) byName.set(fold(name), key);
  }
  const labels = keys.map((key) => terms[key].label);
  return argument<K | F>(labels.join(", "), (text) =>
    text === "" || fold(text) === "selectone" ? fallback : byName.get(fold(text)),
  ).meta({
    description: `${description} One of: ${labels.join(", ")}.`,
    ...(fallback === null ? {} : { default: fallback }),
  });
}

/** A list of texts, also as comma-separated text; blanks are dropped, order is kept, repeats are folded. */
export function textList(description: string) {
  return scalarArgument("names, as a list or separated by commas")
    .optional()
    .transform(split)
    .meta({ description });
}

/** Like `textList`, but at least one is needed. */
export function requiredList(description: string) {
  const allowed = "at least one name; several as a list or separated by commas";
  return scalarArgument(allowed)
    .transform((sent, context) => {
      const names = split(sent);
      if (names.length === 0) context.addIssue({ code: "custom", message: refusal(sent, allowed) });
      return names;
    })
    .meta({ description });
}

function split(sent: Sent): string[] {
  const parts =
    sent === undefined || sent === null
      ? []
      : Array.isArray(sent)
        ? sent.map(String)
        : String(sent).split(",");
  return [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ""))];
}

/** Comma-separated text where the SOAR documents a string; identifiers of groups are kept as they are. */
const identifiers = z
  .union(
    [z.array(z.union([z.string(), z.number()])), z.string(), z.null()],
    refusing("identifiers of alert groups, as a list or one text"),
  )
  .optional()
  .transform((sent) =>
    sent === undefined || sent === null || sent === "" ? [] : Array.isArray(sent) ? sent.map(String) : [sent],
  )
  .meta({ description: "Identifiers for the alert groups." });

const entities = z
  .union(
    [z.array(targetEntitySchema), z.null()],
    refusing("a list of { Identifier, EntityType }, both texts that are not empty"),
  )
  .optional()
  .transform((sent) => sent ?? [])
  .meta({
    description: "Optional list of specific target entities (Identifier, EntityType) to run the action on.",
  });

/** The call envelope that every action carries (`reference/actions.md` part 2, section 1). */
const envelope = {
  case_id: requiredText("The ID of the case."),
  alert_group_identifiers: identifiers,
  target_entities: entities,
  scope: argument("text", (text) => (text === "" ? "All entities" : text)).meta({
    description: "Defines the scope for the action; recorded, for only the SOAR can resolve it.",
    default: "All entities",
  }),
};

/** The id of an incident: a whole number, as number or text. */
export const incidentId = requiredArgument("the number of an incident, such as 29", (text) =>
  /^\d{1,19}$/.test(text) ? text.replace(/^0+(?=\d)/, "") : undefined,
).meta({ description: "Specify the id of the incident." });

/** The object of an action's arguments: the envelope and its own; a name that it does not know is refused. */
export function actionInput<Own extends z.ZodRawShape>(own: Own) {
  const shape = { ...envelope, ...own };
  const allowed = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `no argument is named ${issue.keys.map(show).join(" or ")}; allowed: ${allowed}`
        : refusal(issue.input, `an object with the arguments ${allowed}`),
  });
}
