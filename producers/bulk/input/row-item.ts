/** The item that a row asks for: an incident, and what it sets of it in its own way. */
import {
  type Change,
  type OwnChange,
  ownChangeInput,
  refuseChange,
  withOwn,
} from "../../../src/bulk/change.ts";
import type { Item } from "../../../src/bulk/run.ts";
import { incidentId } from "../../../src/contract/arguments.ts";
import { describeInvalid } from "../../../src/contract/failure.ts";
import { findColumn, ID, refuseColumns } from "./columns.ts";
import type { ReadRow } from "./row.ts";

export type Judged = { item: Item } | { problem: string };

/** Gives what judges rows against the change of the run; for rows without values of their own that is done once. */
export function openJudge(change: Change): (values: ReadRow["values"]) => Judged {
  const alone = refuseChange(change);
  return (values) => {
    const refused = refuseColumns(Object.keys(values));
    if (refused !== null) return { problem: refused };
    const { [ID]: given, ...rest } = byColumn(values);
    const id = incidentId.safeParse(given);
    const own = ownChangeInput.safeParse(rest);
    const problems = [
      ...(id.success ? [] : [describeInvalid(id.error, ID)]),
      ...(own.success ? refusalsOf(own.data) : [describeInvalid(own.error)]),
    ];
    if (!id.success || !own.success || problems.length > 0) return { problem: problems.join("; ") };
    return { item: isEmpty(own.data) ? { id: id.data } : { id: id.data, change: own.data } };
  };

  function refusalsOf(own: OwnChange): string[] {
    return isEmpty(own) ? alone : refuseChange(withOwn(change, own));
  }
}

function byColumn(values: ReadRow["values"]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [findColumn(name) ?? name, value]));
}

function isEmpty(own: OwnChange): boolean {
  return Object.keys(own).length === 0;
}
