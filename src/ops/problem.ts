/** What went wrong: a page for a person, JSON for a program. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { html } from "ghtml";
import { sendPage } from "./page.ts";

export interface Problem {
  status: number;
  error: string;
}

export const REDIS_AWAY: Problem = {
  status: 503,
  error: "Redis does not answer, or takes no writes: see the log of ops",
};

export function sendProblem(
  { caller, headers }: FastifyRequest,
  reply: FastifyReply,
  { status, error }: Problem,
): FastifyReply {
  if (status === 405) reply.header("allow", "GET, HEAD");
  reply.status(status);
  if (!headers.accept?.includes("text/html")) return reply.send({ error });
  const body = html`<h1>That did not work</h1>
<p class="bad" role="alert">${error.charAt(0).toUpperCase() + error.slice(1)}.</p>
!${status === 401 ? html`<p><a href="/login">Log in</a></p>` : ""}`;
  return sendPage(reply, { title: "That did not work", caller, body });
}
