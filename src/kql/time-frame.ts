/** The SOAR's six time frames as half-open windows in UTC, anchored at the time of enqueue (`actions.md` part 2, 6.2). */
import { Failure } from "../contract/failure.ts";
import { refusal, show } from "../contract/refusal.ts";
import { ISO_TIME_RULE, type IsoTime, parseIsoTime } from "./iso-time.ts";

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

export interface TimeRequest {
  time_frame: TimeFrame;
  start_time: string | null;
  end_time: string | null;
}

/** What is wrong with a request, when no start may lie at or after `now`; null when nothing is. */
export function timeProblem(request: TimeRequest, now: Date): { argument: string; message: string } | null {
  if (request.time_frame !== "Custom") return null;
  const argument = "start_time";
  if (request.start_time === null) {
    const message = `"Start Time" should be provided, when "Custom" is selected in "Time Frame" parameter.`;
    return { argument, message };
  }
  const start = readTime(request.start_time).time;
  const end = request.end_time === null ? now : readTime(request.end_time).time;
  const given = `given ${show(request.start_time)}`;
  if (start >= now) return { argument, message: `${given}; allowed: a time before ${now.toISOString()}` };
  if (start < end) return null;
  return { argument, message: `${given}; allowed: a time before the end, ${end.toISOString()}` };
}

function readTime(text: string | null): IsoTime {
  const read = parseIsoTime(text ?? "");
  if (read === null) throw new Failure("invalid_input", refusal(text, ISO_TIME_RULE));
  return read;
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
  if (problem !== null) throw new Failure("invalid_input", `${problem.argument}: ${problem.message}`);
  const start = readTime(startText);
  const end = endText === null ? { time: anchor, hasZone: true } : readTime(endText);
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
