/** Style and script of the pages of ops: light and dark, wide and narrow. */
import type { FastifyInstance } from "fastify";

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --edge: light-dark(#818b98, #656c76); --soft: light-dark(#59636e, #9198a1);
  --good: light-dark(#1a7f37, #3fb950); --bad: light-dark(#cf222e, #f85149); --wait: light-dark(#9a6700, #d29922);
  --link: light-dark(#0550ae, #58a6ff); --back: light-dark(#ffffff, #0d1117); --card: light-dark(#f6f8fa, #151b23); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 80rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding: .75rem 1rem; border-bottom: 1px solid var(--line); }
nav { display: flex; gap: 1rem; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: 0; } form + form { margin-top: 1rem; } header form { align-items: center; }
form.login { flex-direction: column; align-items: stretch; max-width: 22rem; margin: 10vh auto 0; }
label { display: grid; gap: .25rem; }
input, button, .button { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--edge); border-radius: .4rem; padding: .4rem .7rem; }
button, .button { background: var(--card); cursor: pointer; text-decoration: none; }
form .button, form button { align-self: end; }
.bar { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; }
progress { flex: 1 1 15rem; max-width: 30rem; height: 1rem; accent-color: var(--link); }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 0; }
article { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin: 1rem 0; background: var(--card); }
article header { border: 0; padding: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
pre { white-space: pre-wrap; margin: 0; font-size: .85rem; }
p { margin: .5rem 0; } .soft { color: var(--soft); }
.state { font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); }
.rows { overflow-x: auto; overflow-wrap: break-word; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); min-width: 6rem; max-width: 30rem; } th { white-space: nowrap; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 1rem; background: var(--back); }
@media (max-width: 40rem) { main label { flex: 1 1 100%; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .3rem; } }
`;

/** Puts in what has changed, as long as the server says that something may. The page is whole without it. */
const SCRIPT = `
const live = document.querySelector("[data-changes]");
if (live) {
  const changes = new EventSource(live.dataset.changes);
  let isBusy = false;
  let isStale = false;
  const notice = document.createElement("p");
  notice.className = "wait";
  notice.role = "status";
  live.before(notice);
  const say = (text) => { if (notice.textContent !== text) notice.textContent = text; };
  const end = (text) => { changes.close(); say(text); };
  changes.addEventListener("open", () => say(""));
  changes.addEventListener("error", () => changes.readyState === EventSource.CLOSED
    ? end("What is shown here is not renewed any more: reload the page.")
    : say("The connection is lost: what is shown here may be old. It is tried again."));
  const renew = async () => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected) return end("The session is over: reload the page to log in.");
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-changes], [data-final]");
    const focused = document.activeElement;
    const href = live.contains(focused) ? focused.getAttribute("href") : null;
    const first = focused?.closest("article")?.querySelector("[id]")?.id;
    if (fresh) live.replaceChildren(...fresh.childNodes);
    // The same link of the same article, so that a keyboard keeps its place.
    const article = first && document.getElementById(first)?.closest("article");
    if (href) [...(article || live).querySelectorAll("a")].find((one) => one.getAttribute("href") === href)?.focus();
    if (fresh && fresh.hasAttribute("data-final")) changes.close();
  };
  // One at a time: on a busy server they would overtake each other, and pile up.
  changes.addEventListener("change", async () => {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    while (isStale) {
      isStale = false;
      await renew().catch(() => undefined);
    }
    isBusy = false;
  });
}
`;

export function addAssets(app: FastifyInstance): void {
  app.get("/assets/ops.css", async (_request, reply) => reply.type("text/css; charset=utf-8").send(STYLE));
  app.get("/assets/ops.js", async (_request, reply) =>
    reply.type("text/javascript; charset=utf-8").send(SCRIPT),
  );
}
