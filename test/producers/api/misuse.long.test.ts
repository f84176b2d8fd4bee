/** Whatever is sent, the answer is one of a caller's faults, the server lives, and no job comes of it. */
import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import { problemSchema } from "../../../producers/api/problem.ts";
import { ACTION_NAMES, findAction } from "../../../src/actions/catalog.ts";
import { type OpenedApi, openApi } from "./opened-api.ts";

const RUNS = 300;

const word = fc
  .oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.string({ unit: "grapheme", minLength: 1 }))
  .filter((text) => text.isWellFormed() && !/^\.+$/.test(text));
const query = fc.option(
  fc.dictionary(
    fc.constantFrom("wait", "after", "offset", "limit", "format", "x"),
    fc.oneof(fc.string(), fc.nat().map(String)).filter((text) => text.isWellFormed()),
  ),
  { nil: {} },
);
const headerValue = fc.stringMatching(/^[!-~]{0,60}$/);
const headers = fc.dictionary(
  fc.constantFrom(
    "idempotency-key",
    "defender-instance",
    "defender-priority",
    "defender-requested-by",
    "traceparent",
    "last-event-id",
    "accept",
  ),
  headerValue,
  { maxKeys: 3 },
);
const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD");

/** Bodies that nearly fit: arguments of an action, with values of any kind. */
const body = fc.oneof(
  fc.jsonValue(),
  fc
    .constantFrom(...ACTION_NAMES)
    .chain((name) =>
      fc.dictionary(
        fc.constantFrom(...Object.keys(findAction(name).input.shape), "x"),
        fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string(), fc.integer()),
      ),
    ),
);
/** Of what the places of a path are called: an action that there is, or anything. */
const place = (name: string): fc.Arbitrary<string> =>
  (name === "action" ? fc.oneof(fc.constantFrom(...ACTION_NAMES), word) : word).map(encodeURIComponent);

/** Every route that the server has, now and then with something behind it, and some that it has not. */
function pathsOf(routes: readonly string[]): fc.Arbitrary<string> {
  const known = fc.constantFrom(...new Set(routes.map((route) => route.replace(/^\w+ /, ""))));
  const filled = known.chain((route) =>
    fc
      .tuple(
        ...route.split("/").map((part) => (/^[:*]/.test(part) ? place(part.slice(1)) : fc.constant(part))),
      )
      .map((parts) => parts.join("/")),
  );
  const more = fc.tuple(filled, word).map(([path, text]) => `${path}/${encodeURIComponent(text)}`);
  return fc.oneof(
    { weight: 8, arbitrary: filled },
    more,
    word.map((text) => `/${encodeURIComponent(text)}`),
  );
}

it("of any kind, by any route and method, it is answered below 500, and accepted only if the schema accepts it", async () => {
  const { url, routes } = await openApi({ API_RATE_LIMIT: "100000/1s" });
  let refusedCount = 0;
  await fc.assert(
    fc.asyncProperty(
      method,
      pathsOf(routes),
      query,
      headers,
      body,
      async (how, where, asked, given, sent) => {
        const end = new AbortController();
        const hasBody = how === "POST" || how === "PUT" || how === "PATCH";
        const answer = await fetch(`${url}${where}?${new URLSearchParams(asked)}`, {
          method: how,
          headers: { ...given, ...(hasBody ? { "content-type": "application/json" } : {}) },
          ...(hasBody ? { body: JSON.stringify(sent) } : {}),
          redirect: "manual",
          signal: end.signal,
        });
        const { status } = answer;
        expect(status).toBeLessThan(500);
        if (status >= 400) {
          refusedCount += 1;
          const text = await answer.text();
          // What MCP refuses, it refuses in JSON-RPC.
          if (how !== "HEAD" && where !== "/mcp")
            expect(problemSchema.parse(JSON.parse(text)).status).toBe(status);
        }
        // A stream of events that was opened does not end by itself.
        end.abort();
        if (how !== "POST" || status >= 300 || !where.startsWith("/v1/actions/")) return;
        const action = decodeURIComponent(where.slice("/v1/actions/".length));
        expect(findAction(action).input.safeParse(sent).success).toBe(true);
      },
    ),
    { numRuns: RUNS },
  );
  expect(refusedCount).toBeGreaterThan(RUNS / 3);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

/** All that comes back on a connection on which this, and no more, was said. */
async function say(url: string, text: string, hangUp = false): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(text);
  if (hangUp) setTimeout(() => socket.resetAndDestroy(), 50);
  await once(socket, "close");
  return answer;
}

const HEAD = "POST /v1/actions/ping HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
const expectNoJob = async ({ client, call }: OpenedApi): Promise<void> => {
  expect(await client.resultsForCase("4711")).toEqual([]);
  expect((await call("/readyz")).status).toBe(200);
};

it.concurrent.each([
  ["no HTTP at all", "GARBAGE\r\n\r\n", 400],
  ["two lengths", `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
  ["headers beyond measure", `${HEAD}X: ${"x".repeat(100_000)}\r\n\r\n`, 431],
  ["headers that never end", `${HEAD}X-Slow: `, 408],
  ["a body that never comes", `${HEAD}Content-Length: 20\r\n\r\n{"case_id`, 408],
])("of %s, it is refused with a problem document", async (_, text, status) => {
  const api = await openApi();
  const answer = await say(api.url, text);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toContain("application/problem+json");
  await expectNoJob(api);
});

it("of a client that hangs up in the middle of its body, nothing comes", async () => {
  const api = await openApi();
  await say(api.url, `${HEAD}Content-Length: 20\r\n\r\n{"case_id`, true);
  await expectNoJob(api);
});
