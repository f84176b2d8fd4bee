/** Every route that ops has, asked for by whoever must not have it: nothing changes, and nothing is told. */
import { appRoutes } from "@bull-board/api/dist/routes.js";
import { describe, expect, it } from "vitest";
import { fillQueue, INCIDENTS, listQueues } from "./bull-board.ts";
import { ask } from "./http.ts";
import { type Opened, openOps } from "./opened.ts";
import { login, OPS_USERS } from "./session.ts";

const OPEN = ["/livez", "/readyz", "/metrics", "/login", "/assets/ops.css", "/assets/ops.js"];
const PAGES = new Set([
  ...["/", "/cases", "/cases/job", "/runs", "/runs/:runId", "/runs/:runId/:verb"],
  ...[appRoutes.entryPoint.route].flat().map((path) => `/queues${path}`),
]);

interface Route {
  method: string;
  path: string;
  isPage: boolean;
}

/** With a job that is there, so that a route which is let through has something to change or tell. */
function routesOf({ routes }: Opened, jobId: string): Route[] {
  return routes.map((route) => {
    const [method = "", path = ""] = route.split(" ");
    const filled = path
      .replace(":queueName", INCIDENTS)
      .replace(":jobId", jobId)
      .replace(":queueStatus", "failed")
      .replace(":runId", "r1")
      .replace(":verb", "pause")
      .replace(/:\w+\??|\*/g, "none");
    const isPage = PAGES.has(path) || PAGES.has(path.replace(/\/$/, "")) || PAGES.has(`${path}/`);
    return { method, path: filled, isPage: isPage && method !== "POST" };
  });
}
const isWrite = ({ method }: Route): boolean => method !== "GET" && method !== "HEAD";
const isOpen = ({ path }: Route): boolean => OPEN.includes(path);

describe("every route", () => {
  it("tells nothing and changes nothing without a session", async () => {
    const ops = await openOps({ OPS_USERS });
    const { failed, state } = await fillQueue(ops);
    const before = await state();
    const routes = routesOf(ops, failed).filter((route) => !isOpen(route));
    expect(routes.length).toBeGreaterThan(60);
    for (const route of routes) {
      const { method, path, isPage } = route;
      const headers = { origin: ops.url };
      const { status, headers: got, body } = await ask(`${ops.url}${path}`, { method, headers });
      expect([method, path, status]).toEqual([method, path, isPage ? 303 : 401]);
      if (isPage) expect(got["location"]).toBe("/login");
      expect(body).not.toMatch(/4711|update_incident|defender-default/);
    }
    expect(await state()).toEqual(before);
  });

  it.each([{}, { origin: "null" }, { origin: "https://evil.example" }, { origin: "http://localhost:1" }])(
    "changes nothing for an operator's browser that another page uses: %o",
    async (foreign) => {
      const ops = await openOps({ OPS_USERS });
      const { failed, state } = await fillQueue(ops);
      const before = await state();
      const { write } = await login(ops.url, "ada");
      const { origin: _, ...rest } = write;
      for (const { method, path } of routesOf(ops, failed).filter(isWrite)) {
        const { status } = await ask(`${ops.url}${path}`, { method, headers: { ...rest, ...foreign } });
        expect([method, path, status]).toEqual([method, path, 403]);
      }
      expect(await state()).toEqual(before);
    },
  );

  it("changes nothing for an operator's browser without the token of the session", async () => {
    const ops = await openOps({ OPS_USERS });
    const { failed, state } = await fillQueue(ops);
    const before = await state();
    const [{ cookie }, other] = await Promise.all([login(ops.url, "ada"), login(ops.url, "grace")]);
    const tokens = [{}, { "x-xsrf-token": "" }, { "x-xsrf-token": other.write["x-xsrf-token"] }];
    for (const token of tokens) {
      for (const { method, path } of routesOf(ops, failed).filter(isWrite)) {
        if (path === "/login") continue; // It makes the session.
        const headers = { ...cookie, origin: ops.url, ...token };
        const { status } = await ask(`${ops.url}${path}`, { method, headers });
        expect([method, path, status]).toEqual([method, path, 403]);
      }
    }
    expect(await state()).toEqual(before);
  });

  it("changes nothing for a viewer, who sees everything", async () => {
    const ops = await openOps({ OPS_USERS });
    const { failed, state } = await fillQueue(ops);
    const before = await state();
    const { write, cookie } = await login(ops.url, "grace");
    for (const route of routesOf(ops, failed).filter(isWrite)) {
      const { method, path } = route;
      if (path === "/login" || path === "/logout") continue; // Their own.
      const { status } = await ask(`${ops.url}${path}`, { method, headers: write });
      expect([method, path, status]).toEqual([method, path, 403]);
    }
    expect(await state()).toEqual(before);
    const queues = await listQueues(ops, INCIDENTS, cookie);
    expect(queues.length).toBeGreaterThan(0);
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
  });

  it("tells other pages nothing by a viewer's browser, and changes nothing when it is read", async () => {
    const ops = await openOps({ OPS_USERS });
    const { failed, state } = await fillQueue(ops);
    const before = await state();
    const { cookie } = await login(ops.url, "grace");
    for (const route of routesOf(ops, failed).filter((one) => !isWrite(one))) {
      const { method, path } = route;
      const headers = { ...cookie, origin: "https://evil.example" };
      const answer = await ask(`${ops.url}${path}`, { method, headers, isHeadEnough: true });
      expect([method, path, answer.status < 500]).toEqual([method, path, true]);
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
      expect(answer.headers).toMatchObject({ "cross-origin-resource-policy": "same-origin" });
    }
    expect(await state()).toEqual(before);
  });

  it("that retries is open to an operator", async () => {
    const ops = await openOps({ OPS_USERS });
    const { failed } = await fillQueue(ops);
    const { write, cookie } = await login(ops.url, "ada");
    const readOnly = (await listQueues(ops, INCIDENTS, cookie)).filter((queue) => queue.readOnlyMode);
    // Tickets of bulk runs are only looked at.
    expect(readOnly.map(({ name }) => name)).toEqual(["defender-default-incidents-runs"]);
    const retry = `${ops.url}/queues/api/queues/${INCIDENTS}/${failed}/retry`;
    expect(await ask(retry, { method: "PUT", headers: write })).toMatchObject({ status: 204 });
  });

  it("that is open shows neither job nor case", async () => {
    const ops = await openOps({ OPS_USERS });
    await fillQueue(ops);
    for (const path of OPEN) {
      const { status, body } = await ask(`${ops.url}${path}`);
      expect([path, status]).toEqual([path, 200]);
      // Not within a number: metrics have many.
      expect(body).not.toMatch(/(?<![\d.])4711(?![\d.])/);
    }
  });
});
