/** Changes of a case as server-sent events: the id of each is the cursor to resume from. */
import type { Result } from "../../src/contract/result.ts";

export const EVENTS_TYPE = "text/event-stream";
/** Proxies close connections that are silent; a client that is gone is noticed by writing to it. */
const BEAT_MS = 15_000;
const RECONNECT_MS = 1_000;

const texts = new WeakMap<Result, string>();

/** Every follower of a case gets the same results: each becomes text once. */
function toText(result: Result): string {
  const known = texts.get(result);
  if (known !== undefined) return known;
  const text = JSON.stringify(result);
  texts.set(result, text);
  return text;
}

export interface EventsOptions {
  after: string;
  /** Looked at with every beat: whether the stream may go on. */
  mayGoOn(): Promise<boolean>;
  beatMs?: number;
}

/** Ends when `changes` end, or fail: the client then comes again with the last id it saw, and misses nothing. */
export async function* eventsOf(
  changes: AsyncGenerator<Result, void>,
  { after, mayGoOn, beatMs = BEAT_MS }: EventsOptions,
): AsyncGenerator<string, void> {
  let cursor = after;
  let next = arrivalOf(changes);
  try {
    yield `retry: ${RECONNECT_MS}\n\n`;
    for (;;) {
      const step = await next.within(beatMs);
      if (step === null) {
        if (!(await mayGoOn())) return;
        yield ": still here\n\n";
        continue;
      }
      if (step.done === true) return;
      // A job that expired unseen is told of late, under an old cursor: to resume from there would tell all anew.
      if (Number(step.value.cursor) > Number(cursor)) cursor = step.value.cursor;
      yield `id: ${cursor}\nevent: result\ndata: ${toText(step.value)}\n\n`;
      next = arrivalOf(changes);
    }
  } finally {
    void changes.return(undefined).catch(() => undefined);
  }
}

type Step = IteratorResult<Result, void>;

/** Asks for the next change. Failures end the stream like its end: the client learns the rest when it comes again. */
function arrivalOf(changes: AsyncGenerator<Result, void>): { within(ms: number): Promise<Step | null> } {
  let arrived: Step | null = null;
  let wake = (): void => undefined;
  const arrive = (step: Step): void => {
    arrived = step;
    wake();
  };
  changes.next().then(arrive, () => arrive({ done: true, value: undefined }));
  return {
    // No race against the change itself: each would leave something behind with it, for as long as nothing changes.
    async within(ms) {
      if (arrived !== null) return arrived;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
      return arrived;
    },
  };
}
