/** Counting calls in sliding windows. */

/** The most calls in any window of `windowMs` that begins with a call. */
export function busiestWindow(timesMs: readonly number[], windowMs: number): number {
  const sorted = [...timesMs].sort((left, right) => left - right);
  let most = 0;
  let first = 0;
  for (const [last, timeMs] of sorted.entries()) {
    while (timeMs - (sorted[first] ?? timeMs) >= windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
