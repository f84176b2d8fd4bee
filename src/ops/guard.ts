/** Who may ask what of ops: only whoever has logged in, or this machine where there are no users; writes from its own pages only. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { isRedisAway } from "../queue/unreachable.ts";
import { isLoopback } from "../settings/fields.ts";
import { type Caller, withCaller } from "./caller.ts";
import { type Problem, REDIS_AWAY, sendProblem } from "./problem.ts";
import { hasCsrfToken, type Sessions } from "./session.ts";

export interface GuardOptions {
  /** Null: there are no users, and ops is bound to loopback. */
  sessions: Sessions | null;
  /** Without users: whether this machine may write. */
  writable: boolean;
}

export const SESSION_COOKIE = "defender_ops_session";
/** The names under which the board's own requests look for the token, and send it. */
export const CSRF_COOKIE = "XSRF-TOKEN";
const CSRF_HEADER = "x-xsrf-token";

/** The page that was asked for before the login. */
export const PAGE_COOKIE = "defender_ops_page";
const LONGEST_PAGE = 2_000;
const KEEP_PAGE_S = 600;

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
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // With no-referrer, browsers would send the origin "null" along with our own forms.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** They hold nothing secret, and are asked for by machines or before there is a session. */
const OPEN: ReadonlySet<string> = new Set([
  "/livez",
  "/readyz",
  "/metrics",
  "/login",
  "/assets/ops.css",
  "/assets/ops.js",
]);

const QUEUE = "/queues/api/queues/:queueName";
/**
 * Retry, promote, remove, pause, and steering a bulk run. Not editing: the board shows jobs without their arguments and would write them back
 * so. Not adding either: a job needs its record, which only the client makes.
 */
export const WRITES: ReadonlySet<string> = new Set([
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
  "/runs/:runId/:verb",
]);
/** They change nothing but the caller's own session. */
const WRITES_OF_ALL: ReadonlySet<string> = new Set(["/logout"]);

const formToken = z.object({ csrf: z.string() });

/** Guards every route that is added to `app`, and those that are not there. */
export function addGuard(app: FastifyInstance, { sessions, writable }: GuardOptions): void {
  app.decorateRequest("caller", null);

  async function callerOf({ cookies }: FastifyRequest): Promise<Caller | null> {
    if (sessions === null) return { name: "local", role: writable ? "operator" : "viewer", session: null };
    const session = await sessions.find(cookies[SESSION_COOKIE] ?? "");
    return session && { name: session.account.name, role: session.account.role, session };
  }

  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    const url = request.routeOptions.url ?? "";
    const isRead = request.method === "GET" || request.method === "HEAD";
    const foreign = siteRefusal(request, sessions !== null) ?? (isRead ? null : originRefusal(request));
    const isReadOnly = sessions === null && !writable;
    // A read-only server says so to everybody.
    if (foreign !== null && (foreign.status === 421 || !isReadOnly))
      return sendProblem(request, reply, foreign);
    if (OPEN.has(url)) return;
    // Here, for the routes of Bull Board have a handler of errors of their own.
    const caller = await callerOf(request).catch(isAway);
    if (caller === "away") return sendProblem(request, reply, REDIS_AWAY);
    if (caller === null) {
      if (isRead && isPage(url)) return sendToLogin(request, reply);
      return sendProblem(request, reply, { status: 401, error: "log in first" });
    }
    request.caller = caller;
    const refusal = isRead ? null : writeRefusal(url, caller);
    if (refusal !== null) return sendProblem(request, reply, refusal);
  });

  app.addHook("preValidation", async (request, reply) => {
    const { method, caller, headers, body } = request;
    if (method === "GET" || method === "HEAD" || !caller?.session) return;
    const given = headers[CSRF_HEADER] ?? formToken.safeParse(body).data?.csrf;
    if (hasCsrfToken(caller.session, given)) return;
    return sendProblem(request, reply, { status: 403, error: "the request lacks the token of its session" });
  });

  // After the body: what comes of a stream is in the context of its socket.
  app.addHook("preHandler", ({ caller }, _reply, done) => withCaller(caller, done));
}

function isAway(error: unknown): "away" {
  if (isRedisAway(error)) return "away";
  throw error;
}

function sendToLogin({ url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (url.length <= LONGEST_PAGE) {
    const kept = { path: "/login", sameSite: "lax", httpOnly: true, maxAge: KEEP_PAGE_S } as const;
    reply.setCookie(PAGE_COOKIE, url, kept);
  }
  return reply.redirect("/login", 303);
}

/** What a person opens; the rest is asked for by pages. */
function isPage(url: string): boolean {
  return url !== "" && !/^\/queues\/(?:api|static)\/|\/changes$|\.csv$/.test(url);
}

function siteRefusal({ headers }: FastifyRequest, hasUsers: boolean): Problem | null {
  if (hasUsers) return null;
  // Else a page elsewhere could point its own name at this machine and read along (DNS rebinding).
  const site = `http://${headers.host}`;
  if (URL.canParse(site) && isLoopback(new URL(site).hostname)) return null;
  return { status: 421, error: "the board answers to localhost only" };
}

/** By host: behind a proxy that ends TLS, the scheme is not ours to know. */
function originRefusal({ headers }: FastifyRequest): Problem | null {
  const { origin = "", host } = headers;
  const site = `http://${host}`;
  const isOwn = URL.canParse(origin) && URL.canParse(site) && new URL(origin).host === new URL(site).host;
  const fetchSite = headers["sec-fetch-site"] ?? "same-origin";
  if (isOwn && fetchSite === "same-origin") return null;
  return { status: 403, error: "writes are taken from the board's own pages only" };
}

function writeRefusal(url: string, { role, session }: Caller): Problem | null {
  if (WRITES_OF_ALL.has(url)) return null;
  if (role === "viewer") {
    return session === null
      ? { status: 405, error: "the board is read-only unless OPS_WRITES is on" }
      : { status: 403, error: "this needs an operator, and you are a viewer" };
  }
  if (WRITES.has(url)) return null;
  return { status: 403, error: "the board only retries, promotes, removes and pauses" };
}
