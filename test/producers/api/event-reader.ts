/** Reads server-sent events one by one, as a client does. */
import { type Result, resultSchema } from "../../../src/contract/result.ts";

export interface EventReader {
  /** The next event; rejects when the stream has ended. */
  next(): Promise<{ id: string; result: Result }>;
  close(): void;
}

export async function readEvents(
  url: string,
  caseId: string,
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const end = new AbortController();
  const answer = await fetch(`${url}/v1/cases/${encodeURIComponent(caseId)}/events`, {
    headers,
    signal: end.signal,
  });
  if (answer.status !== 200 || answer.body === null)
    throw new Error(`${answer.status}: ${await answer.text()}`);
  const chunks = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next() {
      for (;;) {
        const at = text.indexOf("\n\n");
        if (at === -1) {
          const { done, value } = await chunks.read();
          if (done) throw new Error("the stream ended");
          text += value;
          continue;
        }
        const event = text.slice(0, at);
        text = text.slice(at + 2);
        const [, id] = /^id: (.*)$/m.exec(event) ?? [];
        const [, data] = /^data: (.*)$/m.exec(event) ?? [];
        if (id !== undefined && data !== undefined)
          return { id, result: resultSchema.parse(JSON.parse(data)) };
      }
    },
    close: () => end.abort(),
  };
}
