/** `/login` and `/logout`. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { html } from "ghtml";
import { z } from "zod";
import type { Trail } from "../audit/trail.ts";
import type { Log } from "../log.ts";
import { CSRF_COOKIE, PAGE_COOKIE, SESSION_COOKIE } from "./guard.ts";
import { sendPage } from "./page.ts";
import { verifyPassword } from "./password.ts";
import { SESSION_MS, type Sessions } from "./session.ts";
import type { Tries } from "./tries.ts";

const formSchema = z.object({ username: z.string().max(200), password: z.string().max(1_000) });

const LOGIN = { verb: "login", via: "board" } as const;

export interface LoginOptions {
  sessions: Sessions;
  tries: Tries;
  trail: Pick<Trail, "note">;
  log: Log;
}

export function addLogin(app: FastifyInstance, { sessions, tries, trail, log }: LoginOptions): void {
  app.get("/login", async (_request, reply) => sendLogin(reply, 200, ""));

  app.post("/login", async ({ body, ip: address, headers, cookies }, reply) => {
    const form = formSchema.safeParse(body);
    if (!form.success) return sendLogin(reply, 400, "Name and password are needed.");
    const { username: name, password } = form.data;
    const waitMs = await tries.take({ name, address });
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      reply.header("retry-after", seconds);
      return sendLogin(reply, 429, `Too many wrong tries. Try again in ${seconds} s.`);
    }
    const { account, isKnown } = await sessions.accountOf(name);
    const isRight = await verifyPassword(password, account.password);
    if (!isRight || !isKnown) {
      // An unknown name may be a password in the wrong field.
      log.warn({ event: "ops.login_refused", user: isKnown ? account.name : null, address }, "login refused");
      await trail.note({ ...LOGIN, caller: isKnown ? account.name : null, outcome: "refused", address });
      return sendLogin(reply, 401, "The name or the password is wrong.");
    }
    await tries.forgive({ name, address });
    const { session, text } = await sessions.begin(account);
    // The origin was checked: it tells whether the browser came over TLS, which may end before us.
    const secure = headers.origin?.startsWith("https:") ?? false;
    const shared = { path: "/", sameSite: "lax", secure, maxAge: SESSION_MS / 1_000 } as const;
    reply.setCookie(SESSION_COOKIE, text, { ...shared, httpOnly: true });
    reply.setCookie(CSRF_COOKIE, session.csrfToken, shared);
    log.info({ event: "ops.login", user: account.name, role: account.role, address }, "logged in");
    await trail.note({ ...LOGIN, caller: account.name, outcome: "accepted", address });
    reply.clearCookie(PAGE_COOKIE, { path: "/login" });
    return reply.redirect(pageOf(cookies[PAGE_COOKIE]), 303);
  });

  app.post("/logout", async ({ caller, ip: address }, reply) => {
    if (caller?.session) await sessions.end(caller.session);
    for (const cookie of [SESSION_COOKIE, CSRF_COOKIE]) reply.clearCookie(cookie, { path: "/" });
    log.info({ event: "ops.logout", user: caller?.name }, "logged out");
    const name = caller?.name ?? null;
    await trail.note({ ...LOGIN, verb: "logout", caller: name, outcome: "accepted", address });
    return reply.redirect("/login", 303);
  });
}

/** A page of ours, for a browser may hold any text as a cookie; else the first. */
function pageOf(text = ""): string {
  return /^\/(?:cases|runs|queues)(?:[/?][!-~]*)?$/.test(text) ? text : "/";
}

function sendLogin(reply: FastifyReply, status: number, problem: string): FastifyReply {
  const body = html`<form class="login" method="post" action="/login">
<h1>Defender actions</h1>
!${problem === "" ? "" : html`<p class="bad" role="alert">${problem}</p>`}
<label>Name <input name="username" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>`;
  return sendPage(reply.status(status), { title: "Log in", caller: null, body });
}
