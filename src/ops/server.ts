/** `defender-actions ops`: the board, health and metrics of all queues, over HTTP. */
import fastify, { type FastifyError } from "fastify";
import type { OpsConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import type { Log } from "../log.ts";
import { connectProducer } from "../queue/connection.ts";
import { Enqueuer } from "../queue/enqueue.ts";
import { listQueues } from "../queue/instance-queues.ts";
import { Queues } from "../queue/queues.ts";
import { isLoopback } from "../settings/fields.ts";
import { createBoard } from "./board.ts";
import { addGuard } from "./guard.ts";
import { addHealthRoutes, listen } from "./health.ts";
import { QueueMetrics } from "./queue-metrics.ts";

export interface RunningOps {
  /** Such as `http://127.0.0.1:3000`. */
  url: string;
  stop(): Promise<void>;
}

/** Starts also while Redis is away. Throws `invalid_input` for an address that it must not or cannot listen on. */
export async function startOps(config: OpsConfig, log: Log): Promise<RunningOps> {
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  if (!isLoopback(host)) {
    throw new Failure(
      "invalid_input",
      `OPS_HOST: given ${JSON.stringify(config.host)}; allowed: a loopback address such as 127.0.0.1`,
      { hint: "The board has no login: reach it through a tunnel, as ssh -L makes one." },
    );
  }
  const { prefix } = config.redis;
  const redis = connectProducer(config.redis, {
    name: "defender-ops",
    onError: (error) => log.warn({ event: "redis.error", err: error }, "Redis connection"),
  });
  const queues = new Queues(redis, config.redis);
  const board = createBoard({
    queues,
    enqueuer: new Enqueuer(redis, config.redis, queues),
    writable: config.writable,
  });
  const metrics = new QueueMetrics();
  const list = () => listQueues(redis, prefix);

  const app = fastify({ forceCloseConnections: true });
  addGuard(app, config);
  app.addHook("onError", async ({ method, routeOptions }, _reply, error) => {
    log.warn({ event: "ops.error", method, route: routeOptions.url, err: error }, "request failed");
  });
  app.setErrorHandler(async (error: FastifyError, _request, reply) => {
    const { statusCode = 500, message } = error;
    return reply
      .status(statusCode)
      .send({ error: statusCode < 500 ? message : "failed; see the log of ops" });
  });
  app.addHook("preHandler", async ({ routeOptions }) => {
    // Instances may have come since.
    if (routeOptions.url?.startsWith("/queues/api/")) board.show(await list());
  });
  app.get("/", async (_request, reply) => reply.redirect("/queues"));
  addHealthRoutes(app, {
    checks: () => ({ redis: async () => ((await redis.ping()) === "PONG" ? null : "no PONG") }),
    registry: metrics.registry,
    collect: () => metrics.collect(redis, queues, list),
  });
  await app.register(board.plugin, { prefix: "/queues" });
  app.addHook("onClose", async () => {
    await queues.close();
    redis.disconnect();
  });
  const port = await listen(app, config, "OPS_HOST, OPS_PORT");
  return { url: `http://${host}:${port}`, stop: () => app.close() };
}
