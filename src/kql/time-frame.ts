/** The SOAR's six time frames as half-open windows in UTC, anchored at the time of enqueue (`actions.md` part 2, 6.2). */
import { Failure } from "../contract/failure.ts";

/** From `start` on, up to but without `end`. */
export interface Window {
  start: Date;
  end: Date;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function lastHours(hours: number): (anchor: Date) => Window {
  return (anchor) => ({ start: new Date(anchor.getTime() - hours * HOUR_MS), end: anchor });
}

/** The ISO week, Monday to Monday, before the one of the anchor: not the last seven days. */
function previousWeek(anchor: Date): Window {
  const midnightMs = Date.UTC(anchor.getUTCFullYear(), anchor.getUTCMonth(), anchor.getUTCDate());
  const endMs = midnightMs - ((anchor.getUTCDay() + 6) % 7) * DAY_MS;
  return { start: new Date(endMs - 7 * DAY_MS), end: new Date(endMs) };
}

/** The calendar month before the one of the anchor: not the last thirty days. */
function previousMonth(anchor: Date): Window {
  const [year, month] = [anchor.getUTCFullYear(), anchor.getUTCMonth()];
  return { start: new Date(Date.UTC(year, month - 1)), end: new Date(Date.UTC(year, month)) };
}

const RELATIVE = {
  "Last Hour": lastHours(1),
  "Last 6 Hours": lastHours(6),
  "Last 24 Hours": lastHours(24),
  "Last Week": previousWeek,
  "Last Month": previousMonth,
} as const;

export type TimeFrame = keyof typeof RELATIVE | "Custom";

export const ISO_TIME_RULE = "ISO 8601, such as 2026-01-31T08:00:00Z or 2026-01-31T09:00:00+01:00";

const ISO_TIME =
  /^(?<date>[12]\d{3}-\d\d-\d\d)(?:[Tt ](?<minute>[01]\d:[0-5]\d|2[0-3]:[0-5]\d)(?::(?<second>[0-5]\d)(?:[.,](?<fraction>\d{1,9}))?)?\s?(?<zone>[Zz]|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$/;

/** Reads an ISO 8601 date or date and time, to the millisecond; without a zone it is UTC. Null: not such a text. */
export function parseIsoTime(text: string): { time: Date; hasZone: boolean } | null {
  const parts = ISO_TIME.exec(text)?.groups;
  if (parts === undefined) return null;
  const { date = "", minute = "00:00", second = "00", fraction = "", zone } = parts;
  const wall = `${date}T${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
  const local = new Date(wall);
  // The 30th of February rolls over to March instead of being refused.
  if (Number.isNaN(local.getTime()) || local.toISOString() !== wall) return null;
  return { time: new Date(local.getTime() - offsetMs(zone)), hasZone: zone !== undefined };
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === "Z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const ms = Number(digits.slice(0, 2)) * HOUR_MS + Number(digits.slice(2)) * 60_000;
  return zone.startsWith("-") ? -ms : ms;
}

export interface TimeRequest {
  time_frame: TimeFrame;
  start_time: string | null;
  end_time: string | null;
}

/**
 * What is wrong with a request as far as it can be told without a clock, or with `now` as the latest possible start;
 * null when nothing is.
 */
export function timeProblem(request: TimeRequest, now?: Date): { argument: string; message: string } | null {
  if (request.time_frame !== "Custom") return null;
  if (request.start_time === null) {
    const message = `"Start Time" should be provided, when "Custom" is selected in "Time Frame" parameter.`;
    return { argument: "start_time", message };
  }
  const start = parseIsoTime(request.start_time)?.time;
  const end = request.end_time === null ? now : parseIsoTime(request.end_time)?.time;
  const given = `given ${JSON.stringify(request.start_time)}`;
  if (start !== undefined && now !== undefined && start >= now) {
    return { argument: "start_time", message: `${given}; allowed: a time before ${now.toISOString()}` };
  }
  if (start !== undefined && end !== undefined && start >= end) {
    return {
      argument: "start_time",
      message: `${given}; allowed: a time before the end, ${end.toISOString()}`,
    };
  }
  return null;
}

/** The window that a request means, as of `anchor`. Throws `invalid_input` for a start that is not before end or anchor. */
export function resolveWindow(request: TimeRequest, anchor: Date): { window: Window; warnings: string[] } {
  const { time_frame: frame, start_time: startText, end_time: endText } = request;
  if (frame !== "Custom") {
    const isIgnored = startText !== null || endText !== null;
    const warnings = isIgnored
      ? [`start_time and end_time apply to the time frame Custom only; ${frame} was used.`]
      : [];
    return { window: RELATIVE[frame](anchor), warnings };
  }
  const problem = timeProblem(request, anchor);
  const start = startText === null ? null : parseIsoTime(startText);
  const end = endText === null ? { time: anchor, hasZone: true } : parseIsoTime(endText);
  if (problem !== null || start === null || end === null) {
    const sentence =
      problem === null ? `allowed: ${ISO_TIME_RULE}` : `${problem.argument}: ${problem.message}`;
    throw new Failure("invalid_input", sentence);
  }
  const zoneless = [start.hasZone ? "" : "start_time", end.hasZone ? "" : "end_time"].filter(Boolean);
  const warnings = zoneless.map((argument) => `${argument} has no zone; it was taken as UTC.`);
  return { window: { start: start.time, end: end.time }, warnings };
}

const RETENTION_DAYS = 30;

/** The part of a window that lies before what the service keeps of native tables; null when all of it is kept. */
export function lostToRetention(window: Window, anchor: Date): Window | null {
  const keptFrom = new Date(anchor.getTime() - RETENTION_DAYS * DAY_MS);
  if (window.start >= keptFrom) return null;
  return { start: window.start, end: window.end < keptFrom ? window.end : keptFrom };
}
