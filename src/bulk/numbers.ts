/** Numbers and times as people read them. */

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** In groups of three. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

export function plural(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** In the two largest units, such as `about 2 hours 5 minutes`. */
export function formatDuration(timeMs: number): string {
  const first = UNITS.findIndex(([, unitMs]) => timeMs >= unitMs);
  if (first < 0) return "less than a second";
  const parts: string[] = [];
  let restMs = timeMs;
  for (const [name, unitMs] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? "" : "s"}`);
  }
  return parts.join(" ");
}
