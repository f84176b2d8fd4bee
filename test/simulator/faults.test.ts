/** Scripted faults, seen from the other end of the socket. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { control, signIn } from "./probe.ts";
import { type Simulator, startSimulator } from "./simulator.ts";

let simulator: Simulator;
let graph: Awaited<ReturnType<typeof signIn>>["graph"];
beforeAll(async () => {
  simulator = await startSimulator({ quotas: { incidents: null, hunting: null } });
  graph = (await signIn(simulator)).graph;
});
beforeEach(() => control(simulator, "POST", "reset", {}));
afterAll(() => simulator.close());

const script = (fault: object, more: object = {}) =>
  control(simulator, "POST", "faults", { match: { path: "/comments$" }, fault, ...more });
const comment = (text = "hello") => graph("POST", "incidents/29/comments", { comment: text });
const stored = async (): Promise<string[]> =>
  (await control(simulator, "GET", "incidents/29")).json.comments.map(
    (one: { comment: string }) => one.comment,
  );
const lastStatus = async () => (await control(simulator, "GET", "ledger")).json.arrivals.at(-1).status;

describe("a status", () => {
  it("replaces the answer as often as told, after as many as told, and has no effect", async () => {
    await script({ status: 503, headers: { "Retry-After": "7" } }, { times: 2, after: 1 });
    const replies = [await comment("1"), await comment("2"), await comment("3"), await comment("4")];
    expect(replies.map((reply) => reply.status)).toEqual([200, 503, 503, 200]);
    expect(replies[1]?.headers.get("retry-after")).toBe("7");
    expect(replies[1]?.json.error.code).toBe("ServiceUnavailable");
    expect(await stored()).toEqual(["1", "4"]);
  });

  it("can come with a page of HTML, after the effect", async () => {
    await script({ status: 502, body: "<html>Bad Gateway</html>", applied: true });
    const { status, headers, text } = await comment();
    expect([status, headers.get("content-type"), text]).toEqual([
      502,
      "text/html",
      "<html>Bad Gateway</html>",
    ]);
    expect(await stored()).toEqual(["hello"]);
  });

  it("meets only the requests that match, until the faults are cleared", async () => {
    await control(simulator, "POST", "faults", {
      match: { method: "PATCH", path: "incidents/29$", body: "resolved" },
      times: null,
      fault: { status: 500 },
    });
    expect((await graph("GET", "incidents/29")).status).toBe(200);
    expect((await graph("PATCH", "incidents/29", { status: "active" })).status).toBe(200);
    expect((await graph("PATCH", "incidents/29", { status: "resolved" })).status).toBe(500);
    await control(simulator, "DELETE", "faults");
    expect((await graph("PATCH", "incidents/29", { status: "resolved" })).status).toBe(200);
  });
});

describe("a reset", () => {
  it.each([
    ["before", []],
    ["after", ["hello"]],
  ])("%s the effect loses the answer and leaves %j", async (reset, comments) => {
    await script({ reset });
    await expect(comment()).rejects.toThrow("fetch failed");
    expect(await stored()).toEqual(comments);
    expect(await lastStatus()).toBe("reset");
  });
});

describe("a slow or broken body", () => {
  it("arrives in drips, and whole", async () => {
    await script({ drip: { bytes: 64, everyMs: 1 } });
    const { status, json } = await comment();
    expect([status, json.value[0].comment]).toEqual([200, "hello"]);
  });

  it("is cut short after the effect", async () => {
    await script({ truncateBytes: 20 });
    await expect(comment()).rejects.toThrow();
    expect(await stored()).toEqual(["hello"]);
  });

  it("is late", async () => {
    await script({ delayMs: 40, applied: true });
    const started = performance.now();
    expect((await comment()).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(39);
  });

  it("never comes, and the ledger says so", async () => {
    await script({ hang: true });
    const abort = new AbortController();
    const hung = fetch(`${simulator.url}/v1.0/security/incidents/29/comments`, {
      method: "POST",
      signal: abort.signal,
    });
    hung.catch(() => {});
    await control(simulator, "GET", "arrivals/wait?match=comments$&answered=true");
    expect(await lastStatus()).toBe("hung");
    abort.abort();
    await expect(hung).rejects.toThrow("aborted");
  });
});

it("a bad script is refused with its reasons", async () => {
  const { status, json } = await script({ statu: 500 });
  expect(status).toBe(422);
  expect(json.error).toContain("statu");
  expect((await control(simulator, "POST", "faults", { match: { path: "(" }, fault: {} })).status).toBe(422);
});
