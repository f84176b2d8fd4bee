/** Waiting that ends when the caller stops it. */
import { Failure } from "../contract/failure.ts";
import { describeLost, STOPPED } from "./lost.ts";

/** The Failure of a call that its caller stopped before anything was sent: the caller's own reason if it is one. */
export function stopped(signal: AbortSignal): Failure {
  if (signal.reason instanceof Failure) return signal.reason;
  const { message, hint } = describeLost("Microsoft 365 Defender", "unsent", STOPPED);
  return new Failure("defender_unavailable", message, { hint });
}

/** The outcome of `work`, which goes on for others when this caller is stopped. */
export function untilStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(stopped(signal));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
