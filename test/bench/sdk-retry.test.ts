/** The SDK's way of retrying, as it is imitated. */
import { afterEach, expect, it, vi } from "vitest";
import { sdkDelayMs } from "./sdk-retry.ts";

afterEach(() => vi.useRealTimers());

const throttled = { status: 429, retryAfter: null };

it.each([
  [0, 3_000],
  [1, 5_000],
  [2, 7_000],
])(
  "without Retry-After, a call that was retried %d times waits from %d ms to a second more",
  (retries, ms) => {
    expect(sdkDelayMs(throttled, retries, () => 0)).toBe(ms);
    expect(sdkDelayMs(throttled, retries, () => 0.5)).toBe(ms + 500);
  },
);

it("Retry-After is waited for as it is, in seconds or until a date, for 3 minutes at most", () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  expect(sdkDelayMs({ status: 429, retryAfter: "4" }, 2, () => 0.5)).toBe(4_000);
  const date = new Date(Date.now() + 9_000).toUTCString();
  expect(sdkDelayMs({ status: 503, retryAfter: date }, 0, () => 0.5)).toBe(9_000);
  expect(sdkDelayMs({ status: 504, retryAfter: "600" }, 0, () => 0.5)).toBe(180_500);
});

it("after three retries, and for any other status, the answer is final", () => {
  expect(sdkDelayMs(throttled, 3)).toBeNull();
  for (const status of [200, 400, 401, 500, 502])
    expect(sdkDelayMs({ status, retryAfter: "1" }, 0)).toBeNull();
});
