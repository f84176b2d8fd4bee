/** Who may ask what of the board: it has no login, so it answers this machine only, and writes only its own pages. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopback } from "../settings/fields.ts";

/** The board's pages hold inline styles, and ask for fonts elsewhere, which they do not get. */
const HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

const QUEUE = "/queues/api/queues/:queueName";
/**
 * Retry, promote, remove, pause. Not editing: the board shows jobs without their arguments and would write them back
 * so. Not adding either: a job needs its record, which only the client makes.
 */
const WRITES: ReadonlySet<string> = new Set([
  "/queues/api/queues/pause",
  "/queues/api/queues/resume",
  `${QUEUE}/pause`,
  `${QUEUE}/resume`,
  `${QUEUE}/promote`,
  `${QUEUE}/retry/:queueStatus`,
  `${QUEUE}/clean/:queueStatus`,
  `${QUEUE}/:jobId/promote`,
  `${QUEUE}/:jobId/retry`,
  `${QUEUE}/:jobId/clean`,
]);

interface Refusal {
  status: 403 | 405 | 421;
  error: string;
}

/** Guards every route that is added to `app`, and those that are not there. */
export function addGuard(app: FastifyInstance, { writable }: { writable: boolean }): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    const refusal = refusalOf(request, writable);
    if (refusal === null) return;
    if (refusal.status === 405) reply.header("allow", "GET, HEAD");
    return reply.status(refusal.status).send({ error: refusal.error });
  });
}

function refusalOf({ method, headers, routeOptions }: FastifyRequest, writable: boolean): Refusal | null {
  // Else a page elsewhere could point its own name at this machine and read along (DNS rebinding).
  const site = `http://${headers.host}`;
  if (!URL.canParse(site) || !isLoopback(new URL(site).hostname)) {
    return { status: 421, error: "the board answers to localhost only" };
  }
  if (method === "GET" || method === "HEAD") return null;
  if (!writable) return { status: 405, error: "the board is read-only unless OPS_WRITES is on" };
  if (headers.origin !== site)
    return { status: 403, error: "writes are taken from the board's own pages only" };
  const { url } = routeOptions;
  if (url === undefined || WRITES.has(url)) return null;
  return { status: 403, error: "the board only retries, promotes, removes and pauses" };
}
