/** A bound on waiting: by time and by a signal. */

/** Thrown by a step when the time is up. */
export const OUT_OF_PATIENCE = new Error("out of patience");

/**
 * Runs `steps`; whatever one of them waits for through `within` is given up after `waitMs`, which throws
 * `OUT_OF_PATIENCE`, or when the signal aborts, which throws its reason.
 */
export async function withPatience<T>(
  waitMs: number,
  signal: AbortSignal,
  steps: (within: <S>(work: Promise<S>) => Promise<S>) => Promise<T>,
): Promise<T> {
  let giveUp: (reason: unknown) => void = () => {};
  const isOver = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  isOver.catch(() => {}); // nobody may be waiting at that moment
  const onAbort = () => giveUp(signal.reason);
  const timer = setTimeout(() => giveUp(OUT_OF_PATIENCE), waitMs);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return await steps((work) => Promise.race([work, isOver]));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
