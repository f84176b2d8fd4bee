/** An API server in this process, on a prefix of its own, and calls to it; ended with the test. */
import { inject, onTestFinished } from "vitest";
import { z } from "zod";
import { type Problem, problemSchema } from "../../../producers/api/problem.ts";
import { startApi } from "../../../producers/api/server.ts";
import { makeToken } from "../../../producers/api/tokens.ts";
import { type Client, createClient } from "../../../producers/client.ts";
import { loadApiConfig } from "../../../src/config.ts";
import { createLog } from "../../../src/log.ts";
import { randomPrefix } from "../../support/prefix.ts";

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

export interface Call {
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal;
}

export interface OpenedApi {
  url: string;
  routes: readonly string[];
  prefix: string;
  client: Client;
  /** All that the server has logged, one JSON text each. */
  log: readonly string[];
  call(path: string, call?: Call): Promise<Answer>;
  /** A call that must be refused with the status. */
  refused(status: number, path: string, call?: Call): Promise<Problem>;
  audit(): unknown[];
}

export async function openApi(
  environment: Record<string, string> = {},
  redisUrl = inject("redisUrl"),
): Promise<OpenedApi> {
  const prefix = environment["QUEUE_PREFIX"] ?? randomPrefix();
  const log: string[] = [];
  const config = loadApiConfig({ REDIS_URL: redisUrl, QUEUE_PREFIX: prefix, API_PORT: "0", ...environment });
  const api = await startApi(config, createLog("debug", { write: (line) => log.push(line) }));
  const client = createClient({ redisUrl, queuePrefix: prefix });
  onTestFinished(async () => {
    await api.stop();
    await client.close();
  });
  const call = (path: string, options: Call = {}): Promise<Answer> => callApi(api.url, path, options);
  return {
    url: api.url,
    routes: api.routes,
    prefix,
    client,
    log,
    call,
    async refused(status, path, options) {
      const answer = await call(path, options);
      if (answer.status !== status) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
      if (!answer.headers.get("content-type")?.startsWith("application/problem+json"))
        throw new Error(`${path} answered no problem document: ${answer.text}`);
      const problem = problemSchema.parse(answer.json);
      if (problem.status !== status) throw new Error(`the document says ${problem.status}`);
      return problem;
    },
    audit: () =>
      log
        .map((line) => z.looseObject({ event: z.string() }).parse(JSON.parse(line)))
        .filter(({ event }) => event === "audit"),
  };
}

export async function callApi(url: string, path: string, call: Call = {}): Promise<Answer> {
  const { method, token, headers = {}, body, signal } = call;
  const answer = await fetch(`${url}${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await answer.text();
  const isJson =
    /json/.test(answer.headers.get("content-type") ?? "") && text !== "" && !text.includes("}\n{");
  return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : null };
}

/** A token and its entry, such as `siem:default:ping:<hash>`. */
export function tokenFor(bounds: string): { token: string; entry: string } {
  const { token, hash } = makeToken();
  const [name, instances, actions, ...more] = bounds.split(":");
  return { token, entry: [name, instances, actions, hash, ...more].join(":") };
}
