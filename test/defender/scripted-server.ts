/** A Microsoft that answers as each test scripts it. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export type Reply = (response: ServerResponse, received: Received) => void;

export interface ScriptedServer {
  url: string;
  /** Every request to Graph, in order of arrival; token requests apart. */
  calls: Received[];
  tokenRequests: Received[];
  /** What follows answers in order; the last one also all that come after it. */
  reply(...replies: Reply[]): void;
  replyToken(...replies: Reply[]): void;
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return text(status, JSON.stringify(body), { "content-type": "application/json", ...headers });
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return (response) => response.writeHead(status, headers).end(body);
}

/** Takes the request and says nothing, ever. */
export const silence: Reply = () => {};

/** Takes the request and cuts the connection. */
export const reset: Reply = (response) => response.socket?.destroy();

let issued = 0;
export const freshToken: Reply = (response, received) => {
  issued += 1;
  json(200, { token_type: "Bearer", expires_in: 3_599, access_token: `token-${issued}` })(response, received);
};

export async function startScriptedServer(tls?: { key: string; cert: string }): Promise<ScriptedServer> {
  const calls: Received[] = [];
  const tokenRequests: Received[] = [];
  let replies: Reply[] = [json(200, { id: "29" })];
  let tokenReplies: Reply[] = [freshToken];
  const next = (queue: Reply[]): Reply => (queue.length > 1 ? queue.shift() : queue[0]) ?? silence;
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const received = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
      const isToken = path.includes("/oauth2/v2.0/token");
      (isToken ? tokenRequests : calls).push(received);
      next(isToken ? tokenReplies : replies)(response, received);
    });
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${portOf(server.address())}`,
    calls,
    tokenRequests,
    reply: (...given) => {
      replies = given;
    },
    replyToken: (...given) => {
      tokenReplies = given;
    },
  };
}

export function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("not listening on TCP");
  return address.port;
}

/** Answers of Graph that many tests need. */
export const incident = json(200, { id: "29", status: "active" });
export const broken = json(500, { error: { code: "InternalServerError", message: "" } });
export const unauthorized = json(401, {
  error: { code: "InvalidAuthenticationToken", message: "Access token has expired or is not yet valid." },
});
export const throttled = (headers: Record<string, string> = {}): Reply =>
  json(429, { error: { code: "TooManyRequests", message: "Please retry again later." } }, headers);
