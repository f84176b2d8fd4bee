/** One HTTP exchange: what came back, or how far the request got. Nothing of axios, whose errors hold the bearer token, leaves here. */
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import type { AxiosStatic } from "axios";
import type { Egress } from "../config.ts";
import { type Agents, openAgents } from "../egress/agents.ts";

export interface Outgoing {
  method: "GET" | "PATCH" | "POST";
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** Ends the exchange, however slowly bytes drip in. */
  signal: AbortSignal;
  maxAnswerBytes: number;
  /** Called once, when the last byte was handed to the socket; not at all when nothing left. */
  onSent?(): void;
}

export interface Answer {
  status: number;
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>;
  /** The body as it arrived, in pieces: a big one in one piece would be in memory twice. */
  chunks: readonly Buffer[];
}

export interface Answered extends Answer {
  outcome: "answered";
}

export interface Lost {
  /** `unsent`: not one byte of the request left. `unanswered`: it may have arrived. `oversized`: the answer is too big. */
  outcome: "unsent" | "unanswered" | "oversized";
  /** A code such as `ECONNREFUSED`. */
  cause: string;
}

export type Exchange = Answered | Lost;

export function textOf({ chunks }: Pick<Answer, "chunks">): string {
  return Buffer.concat(chunks).toString("utf8");
}

export interface Transport {
  send(outgoing: Outgoing): Promise<Exchange>;
  close(): Promise<void>;
}

export function openTransport(egress: Egress): Transport {
  let opened: Promise<Means> | undefined;
  return {
    async send(outgoing) {
      opened ??= openMeans(egress);
      return exchange(outgoing, await opened);
    },
    async close() {
      (await opened)?.agents.close();
    },
  };
}

interface Means {
  axios: AxiosStatic;
  agents: Agents;
}

/** Loaded at the first call, for a worker is ready sooner without it; and once, for asking for a module again takes time too. */
async function openMeans(egress: Egress): Promise<Means> {
  const [{ default: axios }, agents] = await Promise.all([import("axios"), openAgents(egress)]);
  return { axios, agents };
}

async function exchange(outgoing: Outgoing, { axios, agents }: Means): Promise<Exchange> {
  const trip = new Trip(outgoing.onSent);
  try {
    const response = await axios.request<Readable>({
      adapter: "http",
      method: outgoing.method,
      url: outgoing.url,
      headers: { ...outgoing.headers },
      data: outgoing.body,
      signal: outgoing.signal,
      maxRedirects: 0,
      proxy: false,
      httpAgent: agents.http,
      httpsAgent: agents.https,
      responseType: "stream",
      validateStatus: null,
      transformRequest: (data: unknown) => data,
      transport: trip.transportFor(outgoing.url),
    });
    if (trip.proxyRefusal !== null) {
      response.data.destroy();
      return { outcome: "unsent", cause: trip.proxyRefusal };
    }
    const chunks = await receive(response.data, outgoing.maxAnswerBytes);
    if (chunks === null) return { outcome: "oversized", cause: "MAX_ANSWER_BYTES" };
    const headers = Object.entries(response.headers).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ]);
    return {
      outcome: "answered",
      status: response.status,
      headers: Object.fromEntries(headers),
      chunks,
    };
  } catch (error) {
    if (trip.proxyRefusal !== null) return { outcome: "unsent", cause: trip.proxyRefusal };
    return { outcome: trip.begun ? "unanswered" : "unsent", cause: codeOf(error) };
  } finally {
    trip.end();
  }
}

/** Null: it is larger than that, unpacked, and was cut off. */
async function receive(body: Readable, mostBytes: number): Promise<Buffer[] | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop destroys the stream, and its connection with it.
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) return null;
    chunks.push(chunk);
  }
  return chunks;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : "UNKNOWN";
}

/** Sockets whose connection stands, TLS included. One that is handed out again is known to be usable at once. */
const established = new WeakSet<Socket>();

/** How far one request got. Bytes leave only once the connection stands, so an attempt that failed before it sent nothing. */
class Trip {
  begun = false;
  /** The proxy answered `CONNECT` itself; what looks like the answer is the proxy's. */
  proxyRefusal: string | null = null;
  #finished = false;
  #onSent: (() => void) | undefined;

  constructor(onSent: (() => void) | undefined) {
    this.#onSent = onSent;
  }

  transportFor(url: string) {
    const { request } = url.startsWith("https:") ? https : http;
    return {
      request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest => {
        const sending = request(options, onResponse);
        sending.once("proxyConnect", (reply: { statusCode?: number }) => {
          if (reply.statusCode !== 200) this.proxyRefusal = `PROXY_${reply.statusCode ?? "UNKNOWN"}`;
        });
        sending.once("socket", (socket) => this.#watch(socket));
        sending.once("finish", () => this.#finish());
        sending.once("response", () => this.#sent());
        return sending;
      },
    };
  }

  /** A request that was cut off while it was being sent counts as sent. */
  end(): void {
    if (this.begun) this.#sent();
  }

  #watch(socket: Socket): void {
    const isUsable = established.has(socket) || !(socket.connecting || socket instanceof TLSSocket);
    if (isUsable) {
      this.begun = true;
      return;
    }
    socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => {
      established.add(socket);
      this.begun = true;
      if (this.#finished) this.#sent();
    });
  }

  /** Node calls a request finished also when its connection failed: only an established one can have carried it. */
  #finish(): void {
    this.#finished = true;
    if (this.begun) this.#sent();
  }

  #sent(): void {
    if (this.proxyRefusal !== null) return;
    this.#onSent?.();
    this.#onSent = undefined;
  }
}
