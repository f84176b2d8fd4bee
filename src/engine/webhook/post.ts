/** One request to the webhook: no redirect is followed, and no more is read of the answer than what became of it. */
import http from "node:http";
import https from "node:https";
import type { Agents } from "../../defender/egress.ts";
import { readRetryAfterMs } from "../../defender/graph-error.ts";

/** From the first byte to the last, and of an answer that nobody reads. */
const DEADLINE_MS = 10_000;
const LONGEST_ANSWER_BYTES = 64 * 1_024;

export interface Answer {
  status: number;
  /** How long the receiver wants to be left alone; at most an hour. */
  retryAfterMs: number | undefined;
}

/** Rejects when no answer comes in time. What it rejects with may name the URL, which is a secret: tell only its code. */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  agents: Agents,
  stopped: AbortSignal,
): Promise<Answer> {
  const end = new AbortController();
  const stop = (): void => end.abort();
  const deadline = setTimeout(stop, DEADLINE_MS);
  stopped.addEventListener("abort", stop, { once: true });
  try {
    return await exchange(url, headers, body, agents, end.signal);
  } finally {
    clearTimeout(deadline);
    stopped.removeEventListener("abort", stop);
  }
}

function exchange(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  agents: Agents,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isPlain = url.startsWith("http:");
    const request = (isPlain ? http : https).request(url, {
      method: "POST",
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      agent: isPlain ? agents.http : agents.https,
      signal,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > LONGEST_ANSWER_BYTES) response.destroy();
      });
      const retryAfterMs = readRetryAfterMs({ headers: textsOf(response.headers) }, "");
      // The connection is free for the next one once all is read; what is too long, or breaks off, was answered too.
      response.on("close", () => resolve({ status: response.statusCode ?? 0, retryAfterMs }));
      response.on("error", () => undefined);
    });
    request.end(body);
  });
}

function textsOf(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
