/** One request to a webhook: no redirect is followed, and no more is read of the answer than what became of it. */
import http from "node:http";
import https from "node:https";
import type { Agents } from "./agents.ts";

/** From the first byte to the last, and of an answer that nobody reads. */
const DEADLINE_MS = 10_000;
const LONGEST_ANSWER_BYTES = 64 * 1_024;

export interface WebhookRequest {
  /** A secret, as a webhook's always is. */
  url: string;
  /** Default `POST`. */
  method?: "GET" | "POST";
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

export interface WebhookAnswer {
  status: number;
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>;
}

/** Rejects when no answer comes in time. What it rejects with may name the URL: tell only its code. */
export async function send(
  request: WebhookRequest,
  agents: Agents,
  stopped?: AbortSignal,
): Promise<WebhookAnswer> {
  const end = new AbortController();
  const stop = (): void => end.abort();
  const deadline = setTimeout(stop, DEADLINE_MS);
  stopped?.addEventListener("abort", stop, { once: true });
  try {
    return await exchange(request, agents, end.signal);
  } finally {
    clearTimeout(deadline);
    stopped?.removeEventListener("abort", stop);
  }
}

function exchange(
  { url, method = "POST", headers = {}, body = "" }: WebhookRequest,
  agents: Agents,
  signal: AbortSignal,
): Promise<WebhookAnswer> {
  return new Promise((resolve, reject) => {
    const isPlain = url.startsWith("http:");
    const request = (isPlain ? http : https).request(url, {
      method,
      headers: { ...headers, ...(method === "POST" ? { "content-length": Buffer.byteLength(body) } : {}) },
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
      // The connection is free for the next one once all is read; what is too long, or breaks off, was answered too.
      response.on("close", () =>
        resolve({ status: response.statusCode ?? 0, headers: textsOf(response.headers) }),
      );
      response.on("error", () => undefined);
    });
    request.end(body);
  });
}

function textsOf(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
