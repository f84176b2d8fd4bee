/** The `Timespan` of a hunting request: an ISO 8601 period, interval, or moment (reference: 1.9). */
import { badRequest } from "../answer.ts";
import { parseDatetime, ticksOf } from "./values.ts";

export interface TimeRange {
  /** Inclusive, ticks. */
  start: bigint;
  end: bigint;
}

const defaultPeriod = "P30D";
const dayMs = 86_400_000;

function periodTicks(text: string): bigint | null {
  const match =
    /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(
      text,
    );
  if (match === null || !/\d/.test(text)) return null;
  const part = (index: number) => Number(match[index] ?? 0);
  const days = part(1) * 365 + part(2) * 30 + part(3) * 7 + part(4);
  return ticksOf(days * dayMs + part(5) * 3_600_000 + part(6) * 60_000 + part(7) * 1000);
}

/** Reads `P7D`, `start/end`, `P7D/end`, `start/P7D` or one moment (until now). Throws a 400. */
export function parseTimeRange(timespan: string | undefined, nowTicks: bigint): TimeRange {
  const text = timespan ?? defaultPeriod;
  const [first = "", second, ...rest] = text.split("/");
  const invalid = badRequest(`Invalid timespan '${text}'.`);
  if (rest.length > 0) throw invalid;
  const period = periodTicks(first);
  if (second === undefined) {
    const start = period === null ? parseDatetime(first) : nowTicks - period;
    if (start === null) throw invalid;
    return { start, end: nowTicks };
  }
  const start = parseDatetime(first);
  const end = parseDatetime(second);
  const secondPeriod = periodTicks(second);
  if (start !== null && end !== null) return { start, end };
  if (period !== null && end !== null) return { start: end - period, end };
  if (start !== null && secondPeriod !== null) return { start, end: start + secondPeriod };
  throw invalid;
}
