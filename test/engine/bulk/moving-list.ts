/** A list of incidents that others change while it is read. */
import type { IncidentQuery } from "../../../src/contract/ports.ts";
import type { Incident } from "../../simulator/incident.ts";
import { parseFilter, parseOrder } from "../../simulator/odata-filter.ts";
import { plainIncident } from "../../simulator/seeds.ts";

export const START_MS = Date.UTC(2026, 0, 1);

/** Filters, sorts and pages as the simulator does. */
export class MovingList {
  readonly incidents = new Map<string, Incident>();
  readonly queries: IncidentQuery[] = [];

  set(n: number, createdAfterMs: number, change: Partial<Incident> = {}): void {
    const incident = plainIncident(n, "t", START_MS + createdAfterMs);
    const digits = String(n % 10_000).padStart(4, "0");
    const createdDateTime = incident.createdDateTime.replace("0000Z", `${digits}Z`);
    this.incidents.set(incident.id, { ...incident, createdDateTime, ...change });
  }

  change(id: string, change: Partial<Incident>): void {
    const incident = this.incidents.get(id);
    if (incident !== undefined) this.incidents.set(id, { ...incident, ...change });
  }

  async listIncidents(query: IncidentQuery) {
    this.queries.push(query);
    const isIn = query.filter === undefined ? () => true : parseFilter(query.filter);
    const sort = query.orderBy === undefined ? undefined : parseOrder(query.orderBy);
    const found = [...this.incidents.values()].filter(isIn);
    const sorted = sort?.(found) ?? found;
    const skip = query.skip ?? 0;
    const incidents = sorted.slice(skip, skip + query.top).map((each) => ({ ...each, comments: [] }));
    return { incidents, isLast: sorted.length <= skip + query.top };
  }
}

export function numbered(count: number, createdAfterMs: (n: number) => number): MovingList {
  const list = new MovingList();
  for (let n = 1; n <= count; n += 1) list.set(n, createdAfterMs(n));
  return list;
}
