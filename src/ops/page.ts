/** The frame around the pages of ops that are not Bull Board's. */
import type { FastifyReply } from "fastify";
import { html } from "ghtml";
import type { Caller } from "./caller.ts";

export interface Page {
  title: string;
  /** Whoever is shown the page, and the token for its forms; null before the login. */
  viewer: { caller: Caller; csrfToken: string } | null;
  /** HTML, made with `html`. */
  body: string;
}

export function renderPage({ title, viewer, body }: Page): string {
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
!${viewer === null ? "" : renderHeader(viewer)}
<main id="main">!${body}</main>
</body>
</html>
`;
}

function renderHeader({ caller, csrfToken }: NonNullable<Page["viewer"]>): string {
  const { name, role, session } = caller;
  return html`<header>
<nav aria-label="Pages"><a href="/cases">Cases</a> <a href="/queues">Queues</a></nav>
!${
    session === null
      ? ""
      : html`<form method="post" action="/logout">
<input type="hidden" name="csrf" value="${csrfToken}">
<span>${name} (${role})</span> <button>Log out</button>
</form>`
  }
</header>`;
}

export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  return reply.type("text/html; charset=utf-8").send(renderPage(page));
}
