/** What PATCH accepts: the updatable properties, their types and enums (reference: 1.6). */
import { badRequest } from "./answer.ts";
import { belongsTogether, enumMember, type Incident } from "./incident.ts";
import { sevenDigits } from "./seeds.ts";

type Check = (property: string, value: unknown) => unknown;

const nullableText: Check = (property, value) => {
  if (value === null || typeof value === "string") return value;
  throw invalidValue(property, value);
};

const text: Check = (property, value) => {
  if (typeof value === "string") return value;
  throw invalidValue(property, value);
};

const textList: Check = (property, value) => {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw invalidValue(property, value);
};

const member: Check = (property, value) => {
  const found = enumMember(property, value);
  if (found === undefined) throw invalidValue(property, value);
  return found;
};

const updatable: Readonly<Record<string, Check>> = {
  assignedTo: nullableText,
  classification: member,
  customTags: textList,
  description: nullableText,
  determination: member,
  displayName: text,
  resolvingComment: nullableText,
  severity: member,
  status: member,
  summary: nullableText,
};

function invalidValue(property: string, value: unknown): Error {
  return badRequest(
    `Invalid value '${typeof value === "string" ? value : JSON.stringify(value)}' for property '${property}'.`,
  );
}

/** The incident after the change. Throws a 400 for what Graph would refuse. */
export function applyPatch(
  incident: Incident,
  change: Readonly<Record<string, unknown>>,
  options: { author: string; strictDetermination: boolean },
): Incident {
  const checked: Record<string, unknown> = {};
  for (const [property, value] of Object.entries(change)) {
    if (property === "@odata.type") continue;
    const check = updatable[property];
    if (check === undefined) {
      throw badRequest(
        property in incident
          ? `The property '${property}' is read-only and cannot be updated.`
          : `The property '${property}' does not exist on type 'microsoft.graph.security.incident'. Make sure to only use property names that are defined by the type.`,
      );
    }
    checked[property] = check(property, value);
  }
  const changed: Incident = {
    ...incident,
    ...checked,
    lastUpdateDateTime: sevenDigits(Date.now()),
    lastModifiedBy: options.author,
  };
  if (options.strictDetermination && !belongsTogether(changed.classification, changed.determination)) {
    throw badRequest(
      `Determination '${changed.determination}' does not match classification '${changed.classification}'.`,
    );
  }
  return changed;
}
