/** Moments as people and SOARs write them: ISO 8601, with and without a zone. */

const HOUR_MS = 3_600_000;

export const ISO_TIME_RULE = "ISO 8601, such as 2026-01-31T08:00:00Z or 2026-01-31T09:00:00+01:00";

const ISO_TIME =
  /^(?<date>[12]\d{3}-\d\d-\d\d)(?:[Tt ](?<minute>[01]\d:[0-5]\d|2[0-3]:[0-5]\d)(?::(?<second>[0-5]\d)(?:[.,](?<fraction>\d{1,9}))?)?\s?(?<zone>[Zz]|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$/;

export interface IsoTime {
  time: Date;
  hasZone: boolean;
}

/** Reads an ISO 8601 date or date and time, to the millisecond; without a zone it is UTC. Null: not such a text. */
export function parseIsoTime(text: string): IsoTime | null {
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
