/** Comments with fields of their incident, such as `Closed: {displayName}`. What a field holds is text, never a template. */
import type { Incident } from "../contract/incident.ts";
import { show } from "../contract/refusal.ts";

export const TEMPLATE_FIELDS = [
  "id",
  "displayName",
  "severity",
  "status",
  "classification",
  "determination",
  "assignedTo",
  "customTags",
  "createdDateTime",
  "lastUpdateDateTime",
  "incidentWebUrl",
] as const;

/** A doubled brace, a field, or a brace that is neither. */
const PART = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

function findField(name: string): (typeof TEMPLATE_FIELDS)[number] | undefined {
  return TEMPLATE_FIELDS.find((field) => field.toLowerCase() === name.trim().toLowerCase());
}

/** Why a template is refused; null when it is good. */
export function refuseTemplate(template: string): string | null {
  for (const [part, name] of template.matchAll(PART)) {
    if (part === "{{" || part === "}}" || (name !== undefined && findField(name) !== undefined)) continue;
    const fields = TEMPLATE_FIELDS.map((field) => `{${field}}`).join(", ");
    return `given ${show(part)}; allowed: ${fields}, and {{ or }} for a brace itself`;
  }
  return null;
}

/** The comment for one incident, as it was last read. In one pass, so that braces in a field stay what they are. */
export function renderTemplate(template: string, incident: Incident): string {
  return template.replace(PART, (part, name: string | undefined) => {
    if (part === "{{") return "{";
    if (part === "}}") return "}";
    const field = name === undefined ? undefined : findField(name);
    return field === undefined ? part : shownField(incident[field]);
  });
}

function shownField(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return value === null || value === undefined || value === "" ? "none" : String(value);
}
