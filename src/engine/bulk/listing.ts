/** The incidents that a run selects, page by page, and a second look at some of them; nothing is kept here. */
import { z } from "zod";
import { patchFor } from "../../bulk/change.ts";
import type { Item, RunSpec } from "../../bulk/run.ts";
import { matches, toFilter, type Where, whereSchema } from "../../bulk/selection.ts";
import { Failure } from "../../contract/failure.ts";
import type { Incident } from "../../contract/incident.ts";
import { pick } from "../../contract/incident-change.ts";
import type { Defender, IncidentPage } from "../../contract/ports.ts";

/** The most that Graph lists at once (`defender-api.md` 1.5). */
export const PAGE_INCIDENTS = 50;

/**
 * Where the next page begins: in the millisecond in which the last one ended, with the last incident that was read, so
 * that every page says whether the list has moved under us.
 */
export const cursorSchema = z.object({
  created_ms: z.number().int(),
  /** Ids of that millisecond that were read. */
  read: z.array(z.string()),
  /** Incidents of that millisecond before the next page. */
  skip: z.number().int().min(0),
});
export type Cursor = z.output<typeof cursorSchema>;

export interface Listed {
  item: Item;
  incident: Incident;
}

export interface ListedPage {
  /** The selected ones. */
  listed: Listed[];
  /** Incidents that were read for it, each counted once. */
  read: number;
  cursor: Cursor | null;
  isLast: boolean;
}

type Selecting = Pick<RunSpec, "selection" | "change">;
type Lister = Pick<Defender, "listIncidents">;

const EVERYTHING: Where = whereSchema.parse({});

/**
 * One call. Newest first, in windows by creation and with `$skip` only within one millisecond: deep `$skip` is fragile.
 * An incident that is selected all the while is listed once, whatever happens to others between two pages; one that
 * is created after the first page is not listed. Times are cut to milliseconds, for it is not documented how exactly Graph compares them.
 */
export async function listPage(run: Selecting, cursor: Cursor | null, defender: Lister): Promise<ListedPage> {
  const window = cursor === null ? [] : [`createdDateTime lt ${isoTime(cursor.created_ms + 1)}`];
  const page = await list(run, window, defender, cursor?.skip);
  const read = new Set(cursor?.read);
  const { incidents, isLast } = page;
  const [first] = incidents;
  if (cursor !== null && cursor.skip > 0 && (first === undefined || !read.has(first.id))) {
    // Some before it are gone, so others have moved up unread: we go back to where we know our way.
    const skip = Math.max(0, cursor.skip - (PAGE_INCIDENTS - 1));
    return { listed: [], read: 0, cursor: { ...cursor, skip }, isLast: false };
  }
  const next = moveCursor(cursor, incidents);
  const fresh = incidents.filter(({ id }) => !read.has(id));
  if (!isLast && fresh.length === 0 && next?.created_ms === cursor?.created_ms && next?.skip === cursor?.skip)
    throw outOfOrder("the same page again, and that there are more");
  const { where } = selectionOf(run);
  const listed = fresh
    .filter((incident) => matches(where, incident))
    .map((incident) => ({ item: itemOf(run, incident), incident }));
  return { listed, read: fresh.length, cursor: next, isLast };
}

/**
 * What up to 50 items of one listing are now, with one call: null for one that is no longer selected. Those that the
 * page had no room for are missing, and have to be read one by one.
 */
export async function relist(
  run: Selecting,
  items: readonly Item[],
  defender: Lister,
): Promise<Map<string, Incident | null>> {
  const created = items.flatMap(({ created_ms }) => created_ms ?? []);
  if (created.length === 0) return new Map();
  const window = [
    `createdDateTime ge ${isoTime(Math.min(...created))}`,
    `createdDateTime lt ${isoTime(Math.max(...created) + 1)}`,
  ];
  const { incidents, isLast } = await list(run, window, defender);
  const { where } = selectionOf(run);
  const found = new Map(incidents.map((incident) => [incident.id, incident]));
  const last = incidents.at(-1);
  const readToMs = isLast || last === undefined ? Number.NEGATIVE_INFINITY : createdMsOf(last);
  const now = new Map<string, Incident | null>();
  for (const { id, created_ms } of items) {
    const incident = found.get(id);
    if (incident !== undefined) now.set(id, matches(where, incident) ? incident : null);
    else if (created_ms !== undefined && created_ms > readToMs) now.set(id, null);
  }
  return now;
}

function selectionOf({ selection }: Selecting): { where: Where; filter: string | null } {
  return selection.kind === "filter" ? selection : { where: EVERYTHING, filter: null };
}

async function list(
  run: Selecting,
  window: readonly string[],
  defender: Lister,
  skip = 0,
): Promise<IncidentPage> {
  const { where, filter } = selectionOf(run);
  const filters = [...window, toFilter(where, filter) ?? []].flat();
  const page = await defender.listIncidents({
    ...(filters.length === 0 ? {} : { filter: filters.join(" and ") }),
    orderBy: "createdDateTime desc",
    ...(skip === 0 ? {} : { skip }),
    top: PAGE_INCIDENTS,
  });
  let beforeMs = Number.POSITIVE_INFINITY;
  for (const incident of page.incidents) {
    const createdMs = createdMsOf(incident);
    // Else a window would pass over incidents, and nobody would know.
    if (!(createdMs <= beforeMs)) throw outOfOrder("incidents out of the order of their creation");
    beforeMs = createdMs;
  }
  return page;
}

function moveCursor(cursor: Cursor | null, incidents: readonly Incident[]): Cursor | null {
  const last = incidents.at(-1);
  if (last === undefined) return cursor;
  const created_ms = createdMsOf(last);
  const ids = incidents.filter((each) => createdMsOf(each) === created_ms).map(({ id }) => id);
  if (cursor?.created_ms !== created_ms) return { created_ms, read: ids, skip: ids.length - 1 };
  return {
    created_ms,
    read: [...new Set([...cursor.read, ...ids])],
    skip: cursor.skip + incidents.length - 1,
  };
}

function itemOf({ change }: Selecting, incident: Incident): Item {
  return {
    id: incident.id,
    listed: pick(incident, patchFor(change, incident)),
    created_ms: createdMsOf(incident),
  };
}

function createdMsOf({ createdDateTime }: Incident): number {
  return Date.parse(createdDateTime ?? "");
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function outOfOrder(what: string): Failure {
  return new Failure("defender_unavailable", `Microsoft 365 Defender listed ${what}`, { retryable: false });
}
