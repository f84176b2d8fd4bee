/** When Microsoft's Graph SDK for JavaScript repeats a call: the rule of its `RetryHandler`, with its default options. */

export interface SdkAnswer {
  status: number;
  /** Seconds or a date; null when the answer has none. */
  retryAfter: string | null;
}

const RETRIED: ReadonlySet<number> = new Set([429, 503, 504]);
const MOST_RETRIES = 3;
const DELAY_S = 3;
const LONGEST_DELAY_S = 180;

/** Milliseconds until the call is sent again after so many retries; null when its answer is final. */
export function sdkDelayMs(
  { status, retryAfter }: SdkAnswer,
  retries: number,
  random: () => number = Math.random,
): number | null {
  if (!RETRIED.has(status) || retries >= MOST_RETRIES) return null;
  const delayS = retryAfter === null ? backoffS(retries + 1) + random() : secondsOf(retryAfter);
  return 1_000 * Math.max(0, Math.min(delayS, LONGEST_DELAY_S + random()));
}

/** 3, 5 and 7 seconds. */
function backoffS(attempt: number): number {
  return attempt < 2 ? DELAY_S : DELAY_S + Math.round((2 ** attempt - 1) / 2);
}

function secondsOf(retryAfter: string): number {
  const seconds = Number(retryAfter);
  return Number.isNaN(seconds) ? Math.round((Date.parse(retryAfter) - Date.now()) / 1_000) : seconds;
}
