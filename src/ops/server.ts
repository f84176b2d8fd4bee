/** `defender-actions ops`: the board, health and metrics of all queues, over HTTP. */
import cookie from "@fastify/cookie";
import fastify, { type FastifyError, type FastifyInstance } from "fastify";
import { z } from "zod";
import { Trail } from "../audit/trail.ts";
import { RunReader } from "../bulk/run-reader.ts";
import { RunStore } from "../bulk/run-store.ts";
import type { OpsConfig } from "../config.ts";
import { describeInvalid, Failure, toFailure } from "../contract/failure.ts";
import { ErrorLog } from "../error-log.ts";
import type { Log } from "../log.ts";
import { connectProducer } from "../queue/connection.ts";
import { CredentialEnds } from "../queue/credential-ends.ts";
import { CredentialRefusals } from "../queue/credential-refusals.ts";
import { Enqueuer } from "../queue/enqueue.ts";
import { Queues } from "../queue/queues.ts";
import { describePause, type Stop, Stops } from "../queue/stops.ts";
import { isRedisAway } from "../queue/unreachable.ts";
import { ResultReader } from "../results/reader.ts";
import { RowSets } from "../results/row-sets.ts";
import { isLoopback } from "../settings/fields.ts";
import { openAccounts } from "./accounts.ts";
import { startAlerts } from "./alert-clock.ts";
import { addAssets } from "./assets.ts";
import { createBoard } from "./board.ts";
import { addBoardTrail } from "./board-trail.ts";
import { currentCaller } from "./caller.ts";
import { addCases } from "./cases.ts";
import { addGuard } from "./guard.ts";
import { addHealthRoutes, listen } from "./health.ts";
import { addLogin } from "./login.ts";
import { type Problem, REDIS_AWAY, sendProblem } from "./problem.ts";
import { QueueMetrics } from "./queue-metrics.ts";
import { addRuns } from "./runs.ts";
import { Sessions } from "./session.ts";
import { listShownQueues } from "./shown-queues.ts";
import { readSituation } from "./situation.ts";
import { Tries } from "./tries.ts";

export interface RunningOps {
  /** Such as `http://127.0.0.1:3000`. */
  url: string;
  /** Every route that there is, such as `PUT /queues/api/queues/pause`: for whoever checks that none is open. */
  routes: readonly string[];
  stop(): Promise<void>;
}

/** Starts also while Redis is away. Throws `invalid_input` for an address that it must not or cannot listen on. */
export async function startOps(config: OpsConfig, log: Log): Promise<RunningOps> {
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  if (config.users === null && !isLoopback(host)) {
    throw new Failure(
      "invalid_input",
      `OPS_HOST: given ${JSON.stringify(config.host)}; allowed without OPS_USERS: a loopback address such as 127.0.0.1`,
      {
        hint: "Set OPS_USERS (ops hash-password makes the hashes), or reach the board through a tunnel, as ssh -L makes one.",
      },
    );
  }
  const accounts = await openAccounts(config, log);
  const { prefix } = config.redis;
  const errors = new ErrorLog(log);
  const redis = connectProducer(config.redis, {
    name: "defender-ops",
    onError: (err) => errors.warn({ event: "redis.error", err }, "Redis connection"),
  });
  const queues = new Queues(redis, config.redis);
  const trail = new Trail({
    redis,
    prefix,
    onLost: (error) =>
      log.error({ event: "audit.lost", err: toFailure(error) }, "the audit trail cannot be written"),
  });
  const stopList = new Stops(redis, prefix);
  const ends = new CredentialEnds(redis, prefix);
  const refusals = new CredentialRefusals(redis, prefix);
  let stops: readonly Stop[] = [];
  const reader = new ResultReader(redis, prefix);
  const board = createBoard({
    queues,
    reader,
    enqueuer: new Enqueuer(redis, config.redis, queues),
    pausedBy: (queue) => describePause(stops, queue),
    mayWrite: () => currentCaller()?.role === "operator",
  });
  const metrics = new QueueMetrics();
  const list = () => listShownQueues(redis, prefix);
  const rowSets = new RowSets(redis, prefix);
  const runs = new RunReader(redis, prefix, (found) => stopList.explainRuns(found));
  const sources = { redis, queues, list, runs, stops: stopList, ends, refusals };

  const sessions = accounts === null ? null : new Sessions(accounts, redis, prefix);
  const app = fastify({ forceCloseConnections: true, trustProxy: [...config.trustedProxies] });
  const routes: string[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    for (const each of [method].flat()) routes.push(`${each} ${url}`);
  });
  await app.register(cookie);
  addForms(app);
  addGuard(app, { sessions, writable: config.writable });
  addBoardTrail(app, { trail, queues, list });
  app.addHook("onError", async ({ method, routeOptions }, _reply, error) => {
    log.warn({ event: "ops.error", method, route: routeOptions.url, err: error }, "request failed");
  });
  app.setErrorHandler(async (error: FastifyError, request, reply) =>
    sendProblem(request, reply, problemOf(error)),
  );
  app.setNotFoundHandler(async (request, reply) =>
    sendProblem(request, reply, { status: 404, error: "there is no such page" }),
  );
  app.addHook("preHandler", async ({ routeOptions }) => {
    // Instances may have come since.
    if (!routeOptions.url?.startsWith("/queues/api/")) return;
    board.show(await list());
    stops = await stopList.list();
  });
  app.get("/", async (_request, reply) => reply.redirect("/queues"));
  addAssets(app);
  addCases(app, { reader, redis: config.redis });
  addRuns(app, { reader: runs, store: new RunStore(redis, prefix), queues, log });
  if (sessions !== null) addLogin(app, { sessions, tries: new Tries(redis, prefix), trail, log });
  addHealthRoutes(app, {
    checks: () => ({ redis: async () => ((await redis.ping()) === "PONG" ? null : "no PONG") }),
    registry: metrics.registry,
    collect: () => metrics.collect(sources, rowSets),
  });
  await app.register(board.plugin, { prefix: "/queues" });
  app.addHook("onClose", async () => {
    await queues.close();
    await trail.flush();
    redis.disconnect();
  });
  const watching = startAlerts(config.alerts, {
    redis,
    prefix,
    log,
    read: () => readSituation(sources),
  });
  app.addHook("onClose", async () => watching.stop());
  const port = await listen(app, config, "OPS_HOST, OPS_PORT");
  return { url: `http://${host}:${port}`, routes, stop: () => app.close() };
}

function problemOf(error: FastifyError): Problem {
  if (error instanceof z.ZodError) return { status: 400, error: describeInvalid(error) };
  if (isRedisAway(error)) return REDIS_AWAY;
  const { statusCode: status = 500, message } = error;
  return { status, error: status < 500 ? message : "failed; see the log of ops" };
}

const LONGEST_FORM_BYTES = 16 * 1_024;

function addForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: LONGEST_FORM_BYTES },
    async (_request: unknown, text: string) => Object.fromEntries(new URLSearchParams(text)),
  );
}
