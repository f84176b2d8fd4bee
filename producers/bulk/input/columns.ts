/** Names that a row may use: the incident, and what is set of it. */
import { CHANGE_NAMES } from "../../../src/bulk/change.ts";
import { show } from "../../../src/contract/refusal.ts";

export const ID = "incident_id";

/** By their folded names, so that a spreadsheet's `Incident ID` and `Add tags` do as well. */
const COLUMNS = new Map([ID, ...CHANGE_NAMES].map((name) => [fold(name), name]));
COLUMNS.set("id", ID);

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

export function findColumn(name: string): string | undefined {
  return COLUMNS.get(fold(name));
}

/** Null when all are known, none twice, and the incident's is among them. */
export function refuseColumns(names: readonly string[]): string | null {
  const known = names.map(findColumn);
  const unknown = names.filter((_, index) => known[index] === undefined);
  const repeated = known.find((name, index) => name !== undefined && known.indexOf(name) !== index);
  const problems = [
    ...(unknown.length === 0
      ? []
      : [`no column is named ${unknown.map(show).join(" or ")}; allowed: ${allowed()}`]),
    ...(repeated === undefined ? [] : [`the column ${repeated} is there twice`]),
    ...(known.includes(ID) ? [] : [`the column ${ID} is missing`]),
  ];
  return problems.length === 0 ? null : problems.join("; ");
}

function allowed(): string {
  return [ID, ...CHANGE_NAMES].join(", ");
}
