import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadOpsConfig } from "../../src/config.ts";
import { openAgents } from "../../src/egress/agents.ts";
import { bodyFor, type Notice, post } from "../../src/ops/webhook.ts";
import { startConnectProxy } from "../defender/connect-proxy.ts";
import { DIRECT } from "../defender/scripted-connection.ts";
import { refusal } from "../support/variables.ts";
import { openOps } from "./opened.ts";

describe("the webhook", () => {
  const notice: Notice = {
    key: "redis-full",
    severity: "warning",
    state: "firing",
    text: "Redis is over 70 % full",
  };

  async function openReceiver(status: number) {
    const got: string[] = [];
    const server = createServer(async (request, response) => {
      got.push(`${request.method} ${await text(request)}`);
      response.writeHead(status, { location: "http://127.0.0.1:1/" }).end();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    const address = server.address();
    return { got, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/canary` };
  }

  it("gets JSON, Slack's text, or an Adaptive Card", async () => {
    const { got, url } = await openReceiver(200);
    for (const format of ["json", "slack", "teams"] as const)
      await post(url, bodyFor(format, notice, "soar-a"), await openAgents(DIRECT));
    const [json, slack, teams] = got.map((line) => JSON.parse(line.replace("POST ", "")));
    expect(json).toEqual({ source: "defender-actions", prefix: "soar-a", ...notice });
    expect(slack).toEqual({ text: "*Warning* Defender actions (soar-a): Redis is over 70 % full" });
    expect(teams).toMatchObject({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          content: { type: "AdaptiveCard", version: "1.4", body: [{ text: "Warning" }, { wrap: true }] },
        },
      ],
    });
  });

  it.each([500, 404, 302])(
    "that answers %i has not taken it, and its URL is in no message",
    async (status) => {
      const { url } = await openReceiver(status);
      const error = await post(url, bodyFor("json", notice, "soar-a"), await openAgents(DIRECT)).catch(
        (reason: unknown) => String(reason),
      );
      expect(error).toMatch(/the webhook (?:answers \d+|does not answer)$/);
      expect(error).not.toContain("canary");
    },
  );

  it("is reached by HTTPS_PROXY, but for the hosts of NO_PROXY", async () => {
    const proxy = await startConnectProxy(1, 403);
    const ALERT_HEARTBEAT_URL = "https://hooks.contoso.test/canary";
    await openOps({ ALERT_HEARTBEAT_URL, HTTPS_PROXY: proxy.url });
    await expect.poll(() => proxy.targets).toEqual(["hooks.contoso.test:443"]);
    await openOps({ ALERT_HEARTBEAT_URL, HTTPS_PROXY: proxy.url, NO_PROXY: ".contoso.test" });
    expect(proxy.targets).toHaveLength(1);
  });

  it("is called for a heartbeat as soon as ops starts", async () => {
    const { got, url } = await openReceiver(200);
    await openOps({ ALERT_HEARTBEAT_URL: url });
    await expect.poll(() => got).toEqual(["GET "]);
  });

  it("must be https or on loopback, and is never repeated", () => {
    const message = refusal(() => loadOpsConfig({ ALERT_WEBHOOK_URL: "http://hooks.example/canary" }));
    expect(message).toBe("ALERT_WEBHOOK_URL: not readable; allowed: an https URL (http only on loopback)");
  });
});
