import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { failureOf, QUICK, scripted } from "./scripted-connection.ts";
import { type Reply, silence, text } from "./scripted-server.ts";

describe("deadlines and sizes", () => {
  const short = (kind: keyof typeof QUICK.deadlineMs) => ({
    limits: { ...QUICK, deadlineMs: { ...QUICK.deadlineMs, [kind]: 1_000 } },
  });

  test("a body that drips for ever ends at the deadline, and a comment may be applied", async () => {
    const { server, open } = await scripted(short("comment"));
    server.reply((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const drip = setInterval(() => response.write(" "), 20);
      response.once("close", () => clearInterval(drip));
    });
    const failure = await failureOf(open().addComment("29", "x"));
    expect(failure).toMatchObject({
      mayBeApplied: true,
      message: "Microsoft 365 Defender did not answer in time",
    });
  });

  test("silence ends at the deadline", async () => {
    const { server, open, gates } = await scripted(short("hunting"));
    server.reply(silence);
    const failure = await failureOf(open().runHuntingQuery({ kql: "print 1" }));
    expect(failure.toRecord()).toMatchObject({
      code: "defender_unavailable",
      hint: expect.stringContaining("time frame"),
    });
    expect(gates.hunting.sent).toBe(3);
  });

  test("an answer over the cap is refused, also when it was compressed", async () => {
    const limits = { ...QUICK, answerBytes: { ...QUICK.answerBytes, hunting: 10_000 } };
    const { server, open } = await scripted({ limits });
    const bomb = gzipSync(Buffer.alloc(1_000_000, " "));
    for (const reply of [
      text(200, " ".repeat(20_000)),
      ((response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb)) satisfies Reply,
    ]) {
      server.reply(reply);
      expect(await failureOf(open().runHuntingQuery({ kql: "print 1" }))).toMatchObject({
        code: "query_too_large",
      });
    }
    expect(server.calls).toHaveLength(2);
  });

  test("a redirect is not followed", async () => {
    const { server, open } = await scripted();
    server.reply(text(302, "", { location: `${server.url}/elsewhere` }));
    expect(await failureOf(open().getIncident("29"))).toMatchObject({
      code: "defender_unavailable",
      retryable: false,
    });
    expect(server.calls).toHaveLength(1);
  });
});

describe("a stopped job", () => {
  test("sends nothing once it is stopped", async () => {
    const { server, open } = await scripted();
    const reason = new Failure("cancelled", "taken back");
    expect(await failureOf(open({ signal: AbortSignal.abort(reason) }).getIncident("29"))).toBe(reason);
    expect(server.calls).toHaveLength(0);
  });

  test("ends a call under way; a comment may be applied", async () => {
    const { server, open } = await scripted();
    const controller = new AbortController();
    server.reply(() => controller.abort());
    const failure = await failureOf(open({ signal: controller.signal }).addComment("29", "x"));
    expect(failure).toMatchObject({ code: "defender_unavailable", mayBeApplied: true });
    expect(server.calls).toHaveLength(1);
  });

  test("does not wait for a token that does not come", async () => {
    const { server, open } = await scripted();
    server.replyToken(silence);
    const controller = new AbortController();
    const work = failureOf(open({ signal: controller.signal }).getIncident("29"));
    await expect.poll(() => server.tokenRequests.length).toBe(1);
    controller.abort();
    expect(await work).toMatchObject({ code: "defender_unavailable", mayBeApplied: false });
  });
});

describe("when a call counts as sent", () => {
  test("is when its last byte is with the socket, before any answer", async () => {
    const { server, open, gates } = await scripted();
    const controller = new AbortController();
    let arrived: () => void = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    server.reply(() => arrived());
    const work = failureOf(open({ signal: controller.signal }).addComment("29", "x".repeat(200_000)));
    await arrival;
    await expect.poll(() => gates.incidents.sent).toBe(1);
    controller.abort();
    await work;
    expect(gates.incidents.sent).toBe(1);
  });
});
