/** `/livez`, `/readyz` and `/metrics`: the same three for every process that has a port. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import { Failure } from "../contract/failure.ts";

/** What stands in the way, by part: null for nothing. Whatever it rejects with is not shown. */
export type Checks = Readonly<Record<string, () => Promise<string | null>>>;

export interface HealthOptions {
  /** Asked at every request, for they may change. */
  checks(): Checks;
  registry: Registry;
  /** Brings the gauges up to date before they are read. */
  collect?(): Promise<void>;
}

const PATIENCE_MS = 2_000;
/** A loop that was blocked for longer has lost job locks, or is about to. */
const LONGEST_LOOP_DELAY_MS = 1_000;
const FORGET_DELAY_MS = 10_000;

/** Alive: the event loop was not blocked for a second lately. Ready: every check passes within two seconds. */
export function addHealthRoutes(app: FastifyInstance, { checks, registry, collect }: HealthOptions): void {
  const delay = monitorEventLoopDelay();
  delay.enable();
  const forgetting = setInterval(() => delay.reset(), FORGET_DELAY_MS).unref();
  app.addHook("onClose", async () => {
    clearInterval(forgetting);
    delay.disable();
  });

  app.get("/livez", async (_request, reply) => {
    const delayMs = Math.round(delay.max / 1e6);
    const isAlive = delayMs < LONGEST_LOOP_DELAY_MS;
    const status = isAlive ? "alive" : "event loop blocked";
    return reply.status(isAlive ? 200 : 503).send({ status, event_loop_delay_ms: delayMs });
  });

  app.get("/readyz", async (_request, reply) => {
    const found = await Promise.all(
      Object.entries(checks()).map(async ([part, check]) => [part, await problemOf(check)] as const),
    );
    const isReady = found.every(([, problem]) => problem === null);
    return reply.status(isReady ? 200 : 503).send({
      status: isReady ? "ready" : "not ready",
      checks: Object.fromEntries(found.map(([part, problem]) => [part, problem ?? "ok"])),
    });
  });

  app.get("/metrics", async (_request, reply) => {
    await collect?.();
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

/** What stands in the way, also when the check rejects, or does not answer within two seconds. */
export async function problemOf(check: Checks[string]): Promise<string | null> {
  const patience = new AbortController();
  const tooLate = sleep(PATIENCE_MS, `no answer within ${PATIENCE_MS} ms`, { signal: patience.signal });
  tooLate.catch(() => undefined);
  try {
    return await Promise.race([check(), tooLate]);
  } catch {
    return "failed";
  } finally {
    patience.abort();
  }
}

const UNUSABLE = new Map([
  ["EADDRINUSE", "the port is taken"],
  ["EACCES", "the port needs privileges"],
  ["EADDRNOTAVAIL", "this machine does not have the address"],
  ["ENOTFOUND", "the name has no address"],
]);

/** Starts to listen and gives the port. An address that cannot be had is `invalid_input`, naming the variables. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
  variables: string,
): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason = UNUSABLE.get(code);
    if (reason === undefined) throw error;
    throw new Failure("invalid_input", `${variables}: given ${host} and ${port}; ${reason}`);
  }
  const [address] = app.addresses();
  return typeof address === "object" ? address.port : port;
}
