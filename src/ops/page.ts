/** The frame around the pages of ops that are not Bull Board's. */
import type { FastifyReply } from "fastify";
import { html } from "ghtml";
import type { Caller } from "./caller.ts";
import type { Session } from "./session.ts";

export interface Page {
  title: string;
  /** Whoever is shown the page; null before the login. */
  caller: Caller | null;
  /** HTML, made with `html`. */
  body: string;
}

export function renderPage({ title, caller, body }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Defender actions</title>
<link rel="stylesheet" href="/assets/ops.css">
<script defer src="/assets/ops.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
!${caller === null ? "" : renderHeader(caller)}
<main id="main">!${body}</main>
</body>
</html>
`;
}

function renderHeader({ name, role, session }: Caller): string {
  return html`<header>
<nav aria-label="Pages"><a href="/cases">Cases</a> <a href="/runs">Bulk runs</a> <a href="/queues">Queues</a></nav>
!${
    session === null
      ? ""
      : html`<form method="post" action="/logout">
!${csrfField(session)}
<span>${name} (${role})</span> <button>Log out</button>
</form>`
  }
</header>`;
}

/** What every form that writes holds; nothing where there are no sessions. */
export function csrfField(session: Session | null): string {
  return session === null ? "" : html`<input type="hidden" name="csrf" value="${session.csrfToken}">`;
}

export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  return reply.type("text/html; charset=utf-8").send(renderPage(page));
}
