/** `defender-actions api`: enqueue and results over HTTP, for whoever is not Node and has no Redis password. */
import { setMaxListeners } from "node:events";
import { readFile } from "node:fs/promises";
import rateLimit from "@fastify/rate-limit";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { ApiConfig, Window } from "../../src/config.ts";
import { Failure } from "../../src/contract/failure.ts";
import type { Log } from "../../src/log.ts";
import { addHealthRoutes, listen } from "../../src/ops/health.ts";
import { isLoopback } from "../../src/settings/fields.ts";
import { addActionRoutes } from "./action-routes.ts";
import { auditTo } from "./audit.ts";
import { takeJsonOnly } from "./bodies.ts";
import { addCaseRoutes } from "./case-routes.ts";
import { Desk } from "./desk.ts";
import { addDocuments } from "./documents.ts";
import { Identity } from "./identity.ts";
import { addMcpRoute } from "./mcp-route.ts";
import { noteMethods, refuseConnection } from "./misuse.ts";
import { Pipe } from "./pipe.ts";
import { errorHandler, sendProblem } from "./problem.ts";
import { Tokens } from "./tokens.ts";

export interface RunningApi {
  /** Such as `http://127.0.0.1:3001`. */
  url: string;
  /** Every route that there is, such as `GET /v1/cases/:case/results`: for whoever checks that each is guarded. */
  routes: readonly string[];
  stop(): Promise<void>;
}

/** A request must have arrived by then; a client that says nothing for longer than any wait is gone. */
const REQUEST_MS = 15_000;
const SILENCE_MS = 90_000;
const LONGEST_CASE_ID = 4_096;

const HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
};

/** Starts also while Redis is away. Throws `invalid_input` for an address or a token that cannot be used. */
export async function startApi(config: ApiConfig, log: Log): Promise<RunningApi> {
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  if (config.tokens === null && !isLoopback(host)) {
    throw new Failure(
      "invalid_input",
      `API_HOST: given ${JSON.stringify(config.host)}; allowed: a loopback address such as 127.0.0.1, unless tokens are set`,
      { hint: "Make a token with defender-actions api new-token, and set API_TOKENS or API_TOKENS_FILE." },
    );
  }
  const tokens = config.tokens === null ? null : await Tokens.open(config.tokens, log);
  const app = await openServer(config);
  const identity = new Identity(tokens);
  const rateOf = (request: FastifyRequest): Window => identity.limitsOf(request).rate ?? config.rate;
  const pipe = new Pipe(config.redis, log);
  const stopping = new AbortController();
  // Every follower listens for the end, which Node takes for a leak.
  setMaxListeners(0, stopping.signal);
  const served = { pipe, desk: new Desk(pipe, auditTo(log), "http"), identity, stopping: stopping.signal };

  app.addHook("onRequest", async (_request, reply) => {
    reply.headers(HEADERS);
  });
  app.setErrorHandler(errorHandler(log));
  identity.addTo(app);
  await app.register(rateLimit, {
    max: (request) => rateOf(request).calls,
    timeWindow: (request: FastifyRequest) => rateOf(request).windowMs,
    keyGenerator: (request) => identity.accountOf(request) ?? "",
    allowList: (request) => identity.accountOf(request) === null,
    errorResponseBuilder: (request, { after }) =>
      new Failure(
        "throttled",
        `too many requests: up to ${rateOf(request).calls} per ${rateOf(request).windowMs} ms`,
        {
          hint: `Try again after ${after}.`,
        },
      ),
  });
  const noted = noteMethods(app);
  takeJsonOnly(app, (request) => identity.limitsOf(request).bodyLimitBytes ?? config.bodyLimitBytes);
  app.setNotFoundHandler(async ({ method, url }, reply) => {
    const { pathname } = new URL(url, "http://api");
    return await sendProblem(reply, new Failure("not_found", `there is no ${method} ${pathname}`));
  });

  addActionRoutes(app, served);
  addCaseRoutes(app, served);
  addMcpRoute(app, { ...served, desk: new Desk(pipe, auditTo(log), "mcp") });
  await addDocuments(app);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addHealthRoutes(app, { checks: () => ({ redis: () => pipe.ping() }), registry });
  const { routes } = noted;
  noted.refuseOthers();

  app.addHook("preClose", async () => stopping.abort());
  app.addHook("onClose", () => pipe.close());
  const port = await listen(app, config, "API_HOST, API_PORT");
  return { url: `http${config.tls === null ? "" : "s"}://${host}:${port}`, routes, stop: () => app.close() };
}

async function openServer({ bodyLimitBytes, tls }: ApiConfig): Promise<FastifyInstance> {
  const options = {
    bodyLimit: bodyLimitBytes,
    requestTimeout: REQUEST_MS,
    connectionTimeout: SILENCE_MS,
    forceCloseConnections: "idle" as const,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: LONGEST_CASE_ID },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      void sendProblem(reply, error);
    },
  };
  const timeouts = { headersTimeout: REQUEST_MS, connectionsCheckingInterval: 2_000 };
  if (tls === null) return fastify({ ...options, http: timeouts });
  const [cert, key] = await Promise.all([
    readPem(tls.certFile, "API_TLS_CERT_FILE"),
    readPem(tls.keyFile, "API_TLS_KEY_FILE"),
  ]);
  return fastify({ ...options, https: { ...timeouts, cert, key } });
}

async function readPem(file: string, variable: string): Promise<Buffer> {
  return await readFile(file).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new Failure("invalid_input", `${variable}: cannot be read (${code})`);
  });
}
