/** The routes of `/v1.0/security/incidents`: list, get, patch, comment. */
import { type Answer, badRequest, type Call, GraphError, graphJson, readJsonObject } from "./answer.ts";
import type { Alert, Incident } from "./incident.ts";
import { applyPatch } from "./incident-patch.ts";
import { type IncidentStore, withComment } from "./incident-store.ts";
import { parseJson } from "./json.ts";
import type { Effect } from "./ledger.ts";
import { parseFilter, parseOrder } from "./odata-filter.ts";
import type { Settings } from "./settings.ts";
import { type Caller, requireRole } from "./token.ts";

/** Documented nowhere, reported by many (reference: 1.5). */
const maxTop = 50;
const readRoles = ["SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"];
const writeRoles = ["SecurityIncident.ReadWrite.All"];
const listOptions = new Set(["$top", "$skip", "$count", "$filter", "$orderby", "$select", "$expand"]);

export interface IncidentContext {
  store: IncidentStore;
  settings: Settings;
  caller: Caller;
  applied(effect: Pick<Effect, "kind" | "incidentId" | "what">): void;
}

export function listIncidents(call: Call, context: IncidentContext): Answer {
  requireRole(context.caller, readRoles);
  const { query } = call;
  for (const option of query.keys()) {
    if (option.startsWith("$") && !listOptions.has(option)) {
      throw badRequest(`The query parameter '${option}' is not supported.`);
    }
  }
  const top = readCount(query, "$top") ?? maxTop;
  if (top > maxTop) {
    throw badRequest(
      `The limit of '${maxTop}' for Top query has been exceeded. The value from the incoming request is '${top}'.`,
    );
  }
  const skip = readCount(query, "$skip") ?? 0;
  const wantsCount = query.get("$count") === "true";
  const { page, total } = selectPage(context.store, query, skip, top, wantsCount);
  const more = page.length > top;
  return graphJson(call, 200, {
    "@odata.context": `${call.origin}/v1.0/$metadata#security/incidents`,
    ...(wantsCount ? { "@odata.count": total } : {}),
    ...(more ? { "@odata.nextLink": nextLink(call, skip + top) } : {}),
    value: page.slice(0, top).map((incident) => present(incident, call, context.store)),
  });
}

/** One incident more than the page holds, so that the caller sees whether there is a next one. */
function selectPage(
  store: IncidentStore,
  query: URLSearchParams,
  skip: number,
  top: number,
  wantsCount: boolean,
) {
  const filter = query.get("$filter");
  const orderBy = query.get("$orderby");
  const matches = filter === null ? () => true : parseFilter(filter);
  const order = orderBy === null ? undefined : parseOrder(orderBy);
  const found: Incident[] = [];
  for (const incident of store.allVisible()) {
    if (!matches(incident)) continue;
    found.push(incident);
    if (order === undefined && !wantsCount && found.length > skip + top) break;
  }
  const sorted = order?.(found) ?? found;
  return { page: sorted.slice(skip, skip + top + 1), total: sorted.length };
}

function nextLink(call: Call, skip: number): string {
  const query = new URLSearchParams(call.query);
  query.set("$skip", String(skip));
  return `${call.origin}${call.path}?${query.toString().replaceAll("%24", "$")}`;
}

function readCount(query: URLSearchParams, option: string): number | undefined {
  const text = query.get(option);
  if (text === null) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`Invalid value '${text}' for ${option} query option.`);
  return Number(text);
}

export function getIncident(call: Call, context: IncidentContext): Answer {
  requireRole(context.caller, readRoles);
  const incident = context.store.visible(call.params["id"] ?? "");
  if (incident === undefined) throw notFound(call);
  return graphJson(call, 200, entity(call, present(incident, call, context.store)));
}

export function patchIncident(call: Call, context: IncidentContext): Answer {
  requireRole(context.caller, writeRoles);
  const incident = writable(call, context);
  const change = readJsonObject(call);
  const changed = applyPatch(incident, change, {
    author: authorOf(context.caller),
    strictDetermination: context.settings.strictDetermination,
  });
  context.store.write(changed, context.settings.settleMs);
  context.store.changeAlerts(changed, new Set(Object.keys(change)));
  context.applied({ kind: "patch", incidentId: changed.id, what: parseJson(call.body) ?? null });
  return graphJson(call, 200, entity(call, present(changed, call, context.store)));
}

export function addComment(call: Call, context: IncidentContext): Answer {
  requireRole(context.caller, writeRoles);
  const incident = writable(call, context);
  const { comment, ...rest } = readJsonObject(call);
  const unknown = Object.keys(rest).find((property) => property !== "@odata.type");
  if (unknown !== undefined) {
    throw badRequest(
      `The property '${unknown}' does not exist on type 'microsoft.graph.security.alertComment'.`,
    );
  }
  if (typeof comment !== "string" || comment === "") throw badRequest("The property 'comment' is required.");
  const limit = context.settings.commentMaxChars;
  if (comment.length > limit) {
    throw badRequest(`The comment exceeds the maximum length of ${limit} characters.`);
  }
  const changed = withComment(incident, comment, authorOf(context.caller));
  context.store.write(changed, context.settings.settleMs);
  context.applied({ kind: "comment", incidentId: changed.id, what: comment });
  return graphJson(call, 200, {
    "@odata.context": `${call.origin}/v1.0/$metadata#Collection(microsoft.graph.security.alertComment)`,
    value: changed.comments,
  });
}

function authorOf(caller: Caller): string {
  return `API-App:${caller.clientId}`;
}

/** The incident to write to; a merged one answers as the settings say, for Graph's own answer is unknown. */
function writable(call: Call, { store, settings }: IncidentContext): Incident {
  const incident = store.current(call.params["id"] ?? "");
  if (incident === undefined) throw notFound(call);
  if (incident.redirectIncidentId !== null && settings.redirectedWrite === 404) throw notFound(call);
  if (incident.redirectIncidentId !== null && settings.redirectedWrite === 400) {
    throw badRequest(
      `Incident ${incident.id} was merged into incident ${incident.redirectIncidentId} and cannot be updated.`,
    );
  }
  return incident;
}

function notFound(call: Call): GraphError {
  return new GraphError(404, "ResourceNotFound", `Incident ${call.params["id"] ?? ""} was not found.`);
}

function entity(call: Call, incident: Record<string, unknown>): Record<string, unknown> {
  return { "@odata.context": `${call.origin}/v1.0/$metadata#security/incidents/$entity`, ...incident };
}

/** The incident as asked for: `$select`, `$expand`, and members newer than the caller knows. */
function present(incident: Incident, call: Call, store: IncidentStore): Record<string, unknown> {
  const knowsNewMembers = String(call.headers["prefer"] ?? "").includes("include-unknown-enum-members");
  const shown: Record<string, unknown> = { ...incident };
  if (!knowsNewMembers && incident.status === "awaitingAction") shown["status"] = "unknownFutureValue";
  const expand = call.query.get("$expand");
  if (expand === "alerts") {
    shown["alerts"] = store.alertsOf(incident).map((alert) => presentAlert(alert, knowsNewMembers));
  } else if (expand !== null) {
    throw badRequest(
      `Could not find a property named '${expand}' on type 'microsoft.graph.security.incident'.`,
    );
  }
  const select = call.query.get("$select");
  if (select === null) return shown;
  const names = select.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!(name in shown)) {
      throw badRequest(
        `Could not find a property named '${name}' on type 'microsoft.graph.security.incident'.`,
      );
    }
  }
  return Object.fromEntries(
    Object.entries(shown).filter(([name]) => names.includes(name) || name === "alerts"),
  );
}

function presentAlert(alert: Alert, knowsNewMembers: boolean): Alert {
  if (knowsNewMembers || alert["serviceSource"] !== "microsoftSentinel") return alert;
  return { ...alert, serviceSource: "unknownFutureValue" };
}
