/** Ends a process in good order: once, on the first signal, with the exit code that the command gave. */

/** Resolves on the first SIGTERM or SIGINT; a second one ends the process at once, as people expect of Ctrl-C. */
export function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals: NodeJS.Signals[] = ["SIGTERM", "SIGINT"];
    for (const signal of signals) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve(signal);
      });
    }
  });
}

/** Runs `stop`, but for no longer than `timeoutMs`: what then still hangs is left to Redis and the next worker. */
export async function stopWithin(timeoutMs: number, stop: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const inTime = await Promise.race([stop().then(() => true), tooLate]);
  clearTimeout(timer);
  return inTime;
}
