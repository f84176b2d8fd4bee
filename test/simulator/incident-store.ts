/** The incidents themselves: seeded, changed by writes, and read either as they are or as a slow service shows them. */
import type { Alert, Incident, IncidentComment } from "./incident.ts";
import { seedAlerts, seedIncident, sevenDigits } from "./seeds.ts";

interface Version {
  incident: Incident;
  /** From when on reads show it. */
  visibleAtMs: number;
}

export class IncidentStore {
  /** Oldest version first; the last one is the truth. */
  readonly #versions = new Map<string, Version[]>();
  readonly #alerts = new Map<string, Alert[]>();
  /** Ids, youngest incident first: the order of a list that names none. */
  #order: string[] = [];

  reseed(count: number, tenant: string): void {
    this.#versions.clear();
    this.#alerts.clear();
    const startMs = Date.now();
    for (let n = count; n >= 1; n--) {
      const incident = seedIncident(n, count, tenant, startMs);
      this.#versions.set(incident.id, [{ incident, visibleAtMs: 0 }]);
    }
    this.#order = [...this.#versions.keys()];
  }

  /** The newest state. */
  current(id: string): Incident | undefined {
    return this.#versions.get(id)?.at(-1)?.incident;
  }

  /** The state that reads show now. */
  visible(id: string): Incident | undefined {
    const versions = this.#versions.get(id);
    if (versions === undefined || versions.length === 1) return versions?.[0]?.incident;
    const now = Date.now();
    return versions.findLast((version) => version.visibleAtMs <= now)?.incident;
  }

  *allVisible(): Generator<Incident> {
    for (const id of this.#order) {
      const incident = this.visible(id);
      if (incident !== undefined) yield incident;
    }
  }

  /** The newest states. */
  allCurrent(): Incident[] {
    return this.#order.flatMap((id) => this.current(id) ?? []);
  }

  /** Replaces the state; reads follow after `settleMs`. An id that was not known is put in front. */
  write(incident: Incident, settleMs: number): void {
    const versions = this.#versions.get(incident.id);
    if (versions === undefined) this.#order.unshift(incident.id);
    const now = Date.now();
    const shown = versions?.findLastIndex((version) => version.visibleAtMs <= now) ?? 0;
    const kept = settleMs > 0 ? (versions?.slice(Math.max(shown, 0)) ?? []) : [];
    this.#versions.set(incident.id, [...kept, { incident, visibleAtMs: now + settleMs }]);
  }

  alertsOf(incident: Incident): Alert[] {
    const known = this.#alerts.get(incident.id);
    if (known !== undefined) return known;
    const seeded = seedAlerts(incident);
    this.#alerts.set(incident.id, seeded);
    return seeded;
  }

  /** What the portal does to the alerts of an incident that is assigned or resolved (reference: 1.6). */
  changeAlerts(incident: Incident, changed: ReadonlySet<string>): void {
    for (const alert of this.alertsOf(incident)) {
      if (changed.has("assignedTo")) alert.assignedTo = incident.assignedTo;
      if (changed.has("status") && incident.status === "resolved" && alert.status !== "resolved") {
        alert.status = "resolved";
        alert["resolvedDateTime"] = incident.lastUpdateDateTime;
      }
    }
  }
}

/** An incident after a comment by `author`. */
export function withComment(incident: Incident, text: string, author: string): Incident {
  const createdDateTime = sevenDigits(Date.now());
  const comment: IncidentComment = { comment: text, createdByDisplayName: author, createdDateTime };
  return {
    ...incident,
    comments: [...incident.comments, comment],
    lastUpdateDateTime: createdDateTime,
    lastModifiedBy: author,
  };
}
