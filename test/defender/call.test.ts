import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import type { CallContext } from "../../src/contract/ports.ts";
import { connectTo, failureOf, instanceAt, scripted } from "./scripted-connection.ts";
import {
  broken,
  incident,
  json,
  type Reply,
  reset,
  startScriptedServer,
  text,
  throttled,
  unauthorized,
} from "./scripted-server.ts";

describe("tries", () => {
  test("a read is tried three times, through the gate each time", async () => {
    const { server, open, gates } = await scripted();
    server.reply(broken, reset, incident);
    expect(await open().getIncident("29")).toMatchObject({ id: "29" });
    expect(gates.incidents.passages).toHaveLength(3);
    server.reply(broken);
    expect(await failureOf(open().getIncident("29"))).toMatchObject({ code: "defender_unavailable" });
    expect(gates.incidents.passages).toHaveLength(6);
  });

  test.each([
    [504, 2],
    [502, 2],
    [500, 3],
    [400, 1],
    [413, 1],
  ])("a query answered with %i is tried %i times", async (status, tries) => {
    const { server, open } = await scripted();
    server.reply(text(status, ""));
    await failureOf(open().runHuntingQuery({ kql: "print 1" }));
    expect(server.calls).toHaveLength(tries);
  });

  test.each([
    ["an update", (open: ReturnType<typeof connectTo>["open"]) => open().updateIncident("29", {})],
    ["a comment", (open: ReturnType<typeof connectTo>["open"]) => open().addComment("29", "x")],
  ])("%s without a clear answer is sent once and may be applied", async (_name, write) => {
    for (const reply of [broken, reset, text(502, "<html>"), text(200, "<html>"), text(200, "{}")]) {
      const { server, open } = await scripted();
      server.reply(reply);
      const failure = await failureOf(write(open));
      expect(failure).toMatchObject({ code: "defender_unavailable", retryable: true, mayBeApplied: true });
      expect(server.calls).toHaveLength(1);
    }
  });

  test("a write is tried again when surely nothing was sent", async () => {
    const gone = await startScriptedServer();
    const { open, gates } = connectTo({ ...instanceAt(gone.url), graphRoot: "http://127.0.0.1:1" });
    const failure = await failureOf(open().addComment("29", "x"));
    expect(failure).toMatchObject({ code: "defender_unavailable", mayBeApplied: false });
    expect(failure.message).toBe("Microsoft 365 Defender could not be reached (ECONNREFUSED)");
    expect(gates.incidents).toMatchObject({ sent: 0 });
    expect(gates.incidents.passages).toHaveLength(3);
  });

  test("every call that was let go is said to have ended, and how, also one that the gate then stops", async () => {
    const { server, open, gates } = await scripted();
    const ends: object[] = [];
    const context: Partial<CallContext> = {
      afterCall: ({ method, path, body }, end) => void ends.push({ method, path, body, ...end }),
    };
    server.reply(text(200, "{}", { "request-id": "r1" }), throttled({ "retry-after": "1" }), reset);
    const patch = () => failureOf(open(context).updateIncident("29", { status: "resolved" }));
    for (let call = 0; call < 3; call += 1) await patch();
    gates.incidents.stop = new Failure("throttled", "paused meanwhile");
    await patch();
    const sent = { method: "PATCH", path: "/security/incidents/29", body: { status: "resolved" } };
    expect(ends).toEqual([
      { ...sent, outcome: "ok", status: 200, requestId: "r1" },
      { ...sent, outcome: "throttled", status: 429, requestId: undefined },
      { ...sent, outcome: "outcome_unknown", status: undefined, requestId: undefined },
      { ...sent, outcome: "throttled", status: undefined, requestId: undefined },
    ]);
  });

  test("what stops a call before it is sent is thrown as it is, and not tried again", async () => {
    const { server, open, gates } = await scripted();
    const stop = new Failure("cancelled", "taken back");
    const beforeSend = async () => {
      throw stop;
    };
    expect(await failureOf(open({ beforeSend }).addComment("29", "x"))).toBe(stop);
    expect(gates.incidents.passages).toHaveLength(1);
    expect(server.calls).toHaveLength(0);
  });
});

describe("a refused token", () => {
  test("is replaced once and the call replayed, a comment too", async () => {
    const { server, open, gates } = await scripted();
    server.reply(unauthorized, json(200, { value: [] }));
    await open().addComment("29", "x");
    const [first, second] = server.calls.map((call) => call.headers.authorization);
    expect(second).not.toBe(first);
    expect(server.tokenRequests).toHaveLength(2);
    expect(gates.incidents.passages).toHaveLength(2);
  });

  test("that is refused again ends as auth_failed", async () => {
    const { server, open } = await scripted();
    server.reply(unauthorized);
    expect(await failureOf(open().addComment("29", "x"))).toMatchObject({
      code: "auth_failed",
      mayBeApplied: false,
    });
    expect(server.calls).toHaveLength(2);
    expect(server.tokenRequests).toHaveLength(2);
  });

  test("is replaced by one request for all whose token it was", async () => {
    const { server, open } = await scripted();
    await open().authenticate();
    const stale = `Bearer ${"token"}`;
    const first = server.tokenRequests.length;
    let refused: string | undefined;
    server.reply((response, received) => {
      refused ??= received.headers.authorization ?? stale;
      (received.headers.authorization === refused ? unauthorized : incident)(response, received);
    });
    await Promise.all(Array.from({ length: 20 }, () => open().getIncident("29")));
    expect(server.tokenRequests).toHaveLength(first + 1);
  });

  test("with a challenge is replaced by one that meets the claims", async () => {
    const { server, open } = await scripted();
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1735689600"}}}';
    const challenge = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`;
    server.reply(text(401, "", { "www-authenticate": challenge }), incident);
    await open().getIncident("29");
    const sent = new URLSearchParams(server.tokenRequests[1]?.body).get("claims") ?? "";
    expect(JSON.parse(sent)).toMatchObject(JSON.parse(claims));
  });

  test("for a tenant without Defender is not replaced", async () => {
    const { server, open } = await scripted();
    server.reply(
      json(401, {
        error: { code: "Unauthorized", message: "Unauthorized request - Account is not provisioned." },
      }),
    );
    expect(await failureOf(open().getIncident("29"))).toMatchObject({ code: "permission_denied" });
    expect(server.calls).toHaveLength(1);
  });
});

describe("throttling", () => {
  test("pauses the gate of the lane for what Retry-After says, and is not tried again", async () => {
    const { server, open, gates } = await scripted();
    server.reply(throttled({ "retry-after": "7" }));
    const failure = await failureOf(open().updateIncident("29", {}));
    expect(failure).toMatchObject({ code: "throttled", mayBeApplied: false });
    expect(failure.details).toMatchObject({ heldBack: "throttled", retryAfterMs: 7_000 });
    expect(gates.incidents.pauses).toEqual([7_000]);
    expect(gates.hunting.pauses).toEqual([]);
    expect(server.calls).toHaveLength(1);
  });

  test("without Retry-After leaves the wait to the gate", async () => {
    const { server, open, gates } = await scripted();
    server.reply(throttled());
    const failure = await failureOf(open().runHuntingQuery({ kql: "print 1" }));
    expect(gates.hunting.pauses).toEqual([undefined]);
    expect(failure.details.retryAfterMs).toBe(1_234);
  });

  test("tells the gate when a call was one too many, and only then", async () => {
    const { server, open, gates } = await scripted();
    server.reply(throttled({ "retry-after": "7" }));
    await failureOf(open().updateIncident("29", {}));
    await failureOf(open().runHuntingQuery({ kql: "print 1" }));
    const cpu = { error: { code: "TooManyRequests", message: "CPU quota of the tenant is used up" } };
    for (const reply of [json(429, cpu), text(509, ""), text(503, "", { "retry-after": "7" })]) {
      server.reply(reply);
      await failureOf(open().runHuntingQuery({ kql: "print 1" }));
    }
    expect(gates.incidents).toMatchObject({ pauses: [7_000], tooMany: [1] });
    expect(gates.hunting.pauses).toHaveLength(4);
    expect(gates.hunting.tooMany).toEqual([1]);
  });

  test("holds the job back even when the gate cannot keep the pause", async () => {
    const { server, open, gates } = await scripted();
    server.reply(throttled());
    gates.incidents.pause = () => Promise.reject(new Error("Redis is away"));
    const failure = await failureOf(open().getIncident("29"));
    expect(failure.code).toBe("throttled");
    expect(failure.details.retryAfterMs).toBeGreaterThan(0);
  });
});

test("no secret and no token is in what is thrown", async () => {
  const { server, open } = await scripted();
  const echo: Reply = (response, received) =>
    text(400, `You sent ${JSON.stringify(received.headers)} ${received.body}`)(response, received);
  const failures: Failure[] = [];
  for (const reply of [echo, broken, reset, unauthorized, throttled(), text(403, "<html>")]) {
    server.reply(reply);
    failures.push(await failureOf(open().addComment("29", "x")));
  }
  const refusing = await scripted();
  refusing.server.replyToken((response, received) =>
    json(401, {
      error: "invalid_client",
      error_description: `AADSTS7000215: ${received.body}`,
      error_codes: [7000215],
    })(response, received),
  );
  failures.push(await failureOf(refusing.open().getIncident("29")));
  refusing.server.replyToken(reset);
  failures.push(await failureOf(refusing.open().getIncident("29")));
  const tokens = server.calls.map((call) => call.headers.authorization?.replace("Bearer ", "") ?? "");
  const shown = failures
    .map((failure) => `${JSON.stringify(failure)} ${inspect(failure, { depth: 9 })} ${failure.stack}`)
    .join("\n");
  expect(tokens.length).toBeGreaterThan(5);
  for (const secret of [...tokens, "canary-secret"]) expect(shown).not.toContain(`${secret}`);
});
