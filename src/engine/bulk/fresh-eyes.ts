/** What incidents of a run are, no older than a minute: many with one call where the run lists, one by one where it was given ids. */
import type { Item, RunSpec } from "../../bulk/run.ts";
import { matches } from "../../bulk/selection.ts";
import type { Incident } from "../../contract/incident.ts";
import type { Defender } from "../../contract/ports.ts";
import { PAGE_INCIDENTS, relist } from "./listing.ts";

/** From the look to the write; what is left of the minute is for the gate and the call. */
const FRESH_MS = 50_000;

type Looker = Pick<Defender, "getIncident" | "listIncidents">;

interface Seen {
  /** Null: no longer selected. */
  incident: Incident | null;
  atMs: number;
}

/** Of one run in one process. */
export class FreshEyes {
  readonly #run: RunSpec;
  readonly #next: () => Promise<Item[]>;
  readonly #seen = new Map<string, Seen>();
  /** Of all tickets, not looked at yet: one list does it for them all. */
  readonly #wanted = new Map<string, Item>();
  #relisting: Promise<void> | null = null;
  usedAtMs = performance.now();

  /** `next` gives the items that come after those in hand. */
  constructor(run: RunSpec, next: () => Promise<Item[]>) {
    this.#run = run;
    this.#next = next;
  }

  /**
   * Null for one that is no longer selected. `isAlone`: it was in hand before, so the others are far from it in the list, and
   * the page would be filled with what lies between.
   */
  async see(item: Item, isAlone: boolean, defender: Looker): Promise<Incident | null> {
    if (item.created_ms !== undefined && !isAlone && this.#run.selection.kind === "filter") {
      this.#wanted.set(item.id, item);
      // One at a time: whoever comes second mostly finds what it wants.
      while (this.#relisting !== null) await this.#relisting.catch(() => undefined);
      if (this.#recall(item.id) === undefined) {
        this.#relisting = this.#relist(defender);
        try {
          await this.#relisting;
        } finally {
          this.#relisting = null;
        }
      }
    }
    const seen = this.#recall(item.id);
    if (seen !== undefined) return seen.incident;
    const atMs = performance.now();
    const incident = await defender.getIncident(item.id);
    const isSelected = this.#run.selection.kind === "items" || matches(this.#run.selection.where, incident);
    this.#keep(item.id, { incident: isSelected ? incident : null, atMs });
    return isSelected ? incident : null;
  }

  /** It was written, or is about to be by somebody else. */
  forget(id: string): void {
    this.#seen.delete(id);
    this.#wanted.delete(id);
  }

  async #relist(defender: Looker): Promise<void> {
    const atMs = performance.now();
    const next = await this.#next();
    const missing = new Map(
      [...this.#wanted.values(), ...next]
        .filter(({ id }) => this.#recall(id) === undefined)
        .map((item) => [item.id, item]),
    );
    const newestFirst = [...missing.values()].sort((a, b) => (b.created_ms ?? 0) - (a.created_ms ?? 0));
    const chunk = newestFirst.slice(0, PAGE_INCIDENTS);
    for (const { id } of chunk) this.#wanted.delete(id);
    for (const [id, incident] of await relist(this.#run, chunk, defender)) this.#keep(id, { incident, atMs });
  }

  /** The newest last. */
  #keep(id: string, seen: Seen): void {
    this.#seen.delete(id);
    this.#seen.set(id, seen);
  }

  #recall(id: string): Seen | undefined {
    const nowMs = performance.now();
    this.usedAtMs = nowMs;
    for (const [known, { atMs }] of this.#seen) {
      if (nowMs - atMs < FRESH_MS) break;
      this.#seen.delete(known);
    }
    const seen = this.#seen.get(id);
    return seen !== undefined && nowMs - seen.atMs < FRESH_MS ? seen : undefined;
  }
}
