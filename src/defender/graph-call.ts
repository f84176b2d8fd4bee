/** The kinds of calls to Graph, and what differs between them. */
import type { Lane } from "../contract/job.ts";
import type { Outgoing } from "./transport.ts";

export type CallKind = "read" | "hunting" | "patch" | "comment";

interface Traits {
  lane: Lane;
  write: boolean;
  /** The least Graph application permission. */
  permission: string;
}

export const CALLS: Readonly<Record<CallKind, Traits>> = {
  read: { lane: "incidents", write: false, permission: "SecurityIncident.Read.All" },
  hunting: { lane: "hunting", write: false, permission: "ThreatHunting.Read.All" },
  patch: { lane: "incidents", write: true, permission: "SecurityIncident.ReadWrite.All" },
  comment: { lane: "incidents", write: true, permission: "SecurityIncident.ReadWrite.All" },
};

/** What the meaning of a fault depends on. */
export interface Target {
  kind: CallKind;
  /** The incident that is read or written, if it is one. */
  incidentId?: string;
}

export interface GraphCall extends Target {
  method: Outgoing["method"];
  /** Below the root of Graph v1.0, with its query. */
  path: string;
  json?: unknown;
}

/** Its path without what differs from call to call. */
export function routeOf({ path }: GraphCall): string {
  const [bare = ""] = path.split("?");
  return `/v1.0${bare.replace(/^(\/security\/incidents\/)[^/]+/, "$1{id}")}`;
}

/** Bounds of time and size; tests tighten them. */
export interface Limits {
  deadlineMs: Readonly<Record<CallKind, number>>;
  tokenDeadlineMs: number;
  retryDelayMs: number;
  answerBytes: Readonly<Record<CallKind, number>>;
}

const MIB = 1024 * 1024;

/** A write ends within half a job's lock, so that none outlives it. Defender itself ends a query after 180 s. */
export const LIMITS: Limits = {
  deadlineMs: { read: 30_000, hunting: 200_000, patch: 9_000, comment: 9_000 },
  tokenDeadlineMs: 15_000,
  retryDelayMs: 500,
  answerBytes: { read: 16 * MIB, hunting: 64 * MIB, patch: 16 * MIB, comment: 16 * MIB },
};
