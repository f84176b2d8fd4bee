/** KQL values in JavaScript: datetimes and timespans are bigints of 100 ns, dynamic values are JSON, the rest is itself. */
import type { JsonValue } from "../json.ts";

export type Value = JsonValue | bigint;

const ticksPerMs = 10_000n;
const dayTicks = 864_000_000_000n;
const unitTicks: Readonly<Record<string, number>> = {
  tick: 1,
  microsecond: 10,
  ms: 10_000,
  millisecond: 10_000,
  s: 1e7,
  sec: 1e7,
  second: 1e7,
  m: 6e8,
  min: 6e8,
  minute: 6e8,
  h: 3.6e10,
  hr: 3.6e10,
  hour: 3.6e10,
  d: 8.64e11,
  day: 8.64e11,
};

/** Ticks since 1970. */
export function ticksOf(timeMs: number): bigint {
  return BigInt(Math.round(timeMs)) * ticksPerMs;
}

/** Reads `2026-01-02`, `2026-01-02T03:04[:05[.1234567]][Z|±hh:mm]`; null for anything else. */
export function parseDatetime(text: string): bigint | null {
  const match =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7})\d*)?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(
      text.trim(),
    );
  if (match === null) return null;
  const [, date, minutes = "00:00", seconds = "00", fraction = "", zone = "Z"] = match;
  const timeMs = Date.parse(`${date}T${minutes}:${seconds}${zone.toUpperCase()}`);
  return Number.isNaN(timeMs) ? null : ticksOf(timeMs) + BigInt(fraction.padEnd(7, "0"));
}

/** Reads `5h`, `1.5d`, `1.02:03:04.5`; null for anything else. */
export function parseTimespan(text: string): bigint | null {
  const [, count, unit = ""] = /^(-?[\d.]+)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const ticks = unitTicks[unit] ?? unitTicks[unit.replace(/s$/, "")];
  if (ticks !== undefined) return BigInt(Math.round(Number(count) * ticks));
  const clock = /^(-)?(?:(\d+)\.)?(\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d{1,7}))?)?$/.exec(text.trim());
  if (clock === null) return null;
  const [, sign, days = "0", hours = "0", minutes = "0", seconds = "0", fraction = ""] = clock;
  const total =
    BigInt(days) * dayTicks +
    (BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * 10_000_000n +
    BigInt(fraction.padEnd(7, "0"));
  return sign === undefined ? total : -total;
}

/** `2026-01-02T03:04:05.1234567Z`, always seven digits. */
export function formatDatetime(ticks: bigint): string {
  const fraction = ((ticks % 10_000_000n) + 10_000_000n) % 10_000_000n;
  const seconds = new Date(Number((ticks - fraction) / ticksPerMs)).toISOString().slice(0, 19);
  return `${seconds}.${fraction.toString().padStart(7, "0")}Z`;
}

/** `[-][d.]hh:mm:ss[.fffffff]`. */
export function formatTimespan(ticks: bigint): string {
  const absolute = ticks < 0n ? -ticks : ticks;
  const two = (value: bigint) => value.toString().padStart(2, "0");
  const seconds = absolute / 10_000_000n;
  const fraction = absolute % 10_000_000n;
  const days = absolute / dayTicks;
  const clock = `${two((seconds / 3600n) % 24n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  const tail = fraction === 0n ? "" : `.${fraction.toString().padStart(7, "0")}`;
  return `${ticks < 0n ? "-" : ""}${days === 0n ? "" : `${days}.`}${clock}${tail}`;
}

/** `tostring()`: null becomes empty. */
export function textOf(value: Value, type: string): string {
  if (value === null) return "";
  if (typeof value === "bigint") return type === "timespan" ? formatTimespan(value) : formatDatetime(value);
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** A value as it lies in the JSON of an answer. */
export function jsonOf(value: Value, type: string, dynamicAs: "object" | "text"): JsonValue {
  if (typeof value === "bigint") return textOf(value, type);
  if (type === "dynamic" && dynamicAs === "text") return value === null ? "" : textOf(value, type);
  return value;
}

/** Order of two values of one type; null is the smallest. */
export function compare(left: Value, right: Value): number {
  if (left === right) return 0;
  if (left === null) return -1;
  if (right === null) return 1;
  const [a, b] =
    typeof left === "object" || typeof right === "object"
      ? [JSON.stringify(left), JSON.stringify(right)]
      : [left, right];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `==`: null beside a value is unequal, beside null unknown. */
export function equals(left: Value, right: Value): boolean | null {
  if (left === null && right === null) return null;
  if (left === null || right === null) return false;
  if (typeof left === "object" || typeof right === "object")
    return JSON.stringify(left) === JSON.stringify(right);
  return left === right;
}

const alphanumeric = /[\p{L}\p{N}]/u;

/** `has`: the needle as whole terms, which end where letters and digits end. Both in one case already. */
export function hasTerm(haystack: string, needle: string, prefixOnly = false): boolean {
  const isWord = (character: string | undefined) => character !== undefined && alphanumeric.test(character);
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) {
    const end = at + needle.length;
    const startsTerm = !(isWord(needle[0]) && isWord(haystack[at - 1]));
    const endsTerm = prefixOnly || !(isWord(needle.at(-1)) && isWord(haystack[end]));
    if (startsTerm && endsTerm) return true;
  }
  return false;
}
