import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadOpsConfig } from "../../src/config.ts";
import { openAgents } from "../../src/egress/agents.ts";
import { createLog } from "../../src/log.ts";
import { OLDEST_INTERACTIVE_MS } from "../../src/ops/alert.ts";
import { Alerter } from "../../src/ops/alerter.ts";
import type { Situation } from "../../src/ops/situation.ts";
import { readSituation } from "../../src/ops/situation.ts";
import { bodyFor, type Notice, post } from "../../src/ops/webhook.ts";
import { listQueues } from "../../src/queue/instance-queues.ts";
import { Stops } from "../../src/queue/stops.ts";
import { startConnectProxy } from "../defender/connect-proxy.ts";
import { DIRECT } from "../defender/scripted-connection.ts";
import { refusal } from "../support/variables.ts";
import { INCIDENTS, UPDATE } from "./bull-board.ts";
import { failNextJob, type Opened, openOps, openWorker } from "./opened.ts";

const silent = createLog("silent");

function openAlerter(
  { redis, prefix, queues }: Opened,
  change: (situation: Situation) => Situation = (same) => same,
) {
  const notices: Notice[] = [];
  const stops = new Stops(redis, prefix);
  const alerter = new Alerter({
    redis,
    prefix,
    log: silent,
    read: async () => change(await readSituation(redis, queues, () => listQueues(redis, prefix), stops)),
    tell: async (notice) => void notices.push(notice),
  });
  return { alerter, notices };
}

/** The situation with one queue's figures changed. */
const withQueue =
  (changed: Partial<Situation["figures"][number]>) =>
  (situation: Situation): Situation => ({
    ...situation,
    figures: situation.figures.map((state) =>
      state.queue.name === INCIDENTS ? { ...state, ...changed } : state,
    ),
  });

describe("alerts", () => {
  it("tell of a lane with work and no worker once, from two servers, and of its end", async () => {
    const ops = await openOps();
    const [first, second] = [openAlerter(ops), openAlerter(ops)];
    await ops.client.enqueue("update_incident", UPDATE);
    for (const { alerter } of [first, second, first, second]) await alerter.look();
    const firing = [...first.notices, ...second.notices];
    expect(firing).toMatchObject([{ state: "firing", severity: "critical", key: `no-worker:${INCIDENTS}` }]);
    expect(firing[0]?.text).toBe("1 jobs wait on incidents (interactive) of default, and no worker listens");

    await openWorker(ops.prefix);
    await expect.poll(() => ops.queues.get(INCIDENTS).getWorkersCount()).toBeGreaterThan(0);
    for (const { alerter } of [second, first]) await alerter.look();

    expect([...first.notices, ...second.notices].slice(-1)).toMatchObject([{ state: "recovered" }]);
    expect([...first.notices, ...second.notices]).toHaveLength(2);
  });

  it.each([
    ["dead jobs", "not_found: no such incident", `dead:${INCIDENTS}`],
    ["unsettled writes", "outcome_unknown: lost", `unsettled:${INCIDENTS}`],
    ["a refused credential", "auth_failed: AADSTS7000215", "refused:default"],
  ])("tell of %s", async (_, reason, key) => {
    const ops = await openOps();
    await ops.client.enqueue("update_incident", UPDATE);
    await failNextJob(ops.prefix, INCIDENTS, reason);
    const { alerter, notices } = openAlerter(ops);
    await alerter.look();
    expect(notices.map((notice) => notice.key)).toContain(key);
  });

  it("tell of an old interactive job, and of a full Redis", async () => {
    const ops = await openOps();
    const old = openAlerter(ops, withQueue({ oldestAgeMs: OLDEST_INTERACTIVE_MS + 1 }));
    await old.alerter.look();
    expect(old.notices.map(({ key }) => key)).toEqual([`old:${INCIDENTS}`]);
    const full = openAlerter(ops, (situation) => ({ ...situation, memory: { used: 71, max: 100 } }));
    await full.alerter.look();
    expect(full.notices.map(({ key, state }) => [key, state])).toEqual([
      ["redis-full", "firing"],
      [`old:${INCIDENTS}`, "recovered"],
    ]);
  });

  it("tell of a pause only after 15 minutes without a break", async () => {
    const ops = await openOps();
    let heldMs = 1_000;
    const { alerter, notices } = openAlerter(ops, (situation) => withQueue({ heldMs })(situation));
    await alerter.look(0);
    await alerter.look(14 * 60_000);
    heldMs = 0;
    await alerter.look(15 * 60_000);
    heldMs = 1_000;
    await alerter.look(16 * 60_000);
    await alerter.look(31 * 60_000);
    expect(notices).toEqual([]);
    await alerter.look(31 * 60_000 + 1);
    expect(notices.map(({ key }) => key)).toEqual([`held:${INCIDENTS}`]);
  });

  it("tell of a Redis that is away after two looks, and of its return", async () => {
    const ops = await openOps();
    let isAway = true;
    const { alerter, notices } = openAlerter(ops, (situation) => {
      if (isAway) throw new Error("away");
      return situation;
    });
    await alerter.look();
    expect(notices).toEqual([]);
    await alerter.look();
    await alerter.look();
    isAway = false;
    await alerter.look();
    await alerter.look();
    expect(notices.map(({ key, state }) => [key, state])).toEqual([
      ["redis-away", "firing"],
      ["redis-away", "recovered"],
    ]);
  });

  it("are told again when nobody took them", async () => {
    const ops = await openOps();
    const told: string[] = [];
    let isDown = true;
    const alerter = new Alerter({
      redis: ops.redis,
      prefix: ops.prefix,
      log: silent,
      read: async () => ({ figures: [], stops: [], memory: { used: 90, max: 100 } }),
      tell: async ({ key }) => {
        if (isDown) throw new Error("down");
        told.push(key);
      },
    });
    await alerter.look();
    isDown = false;
    await alerter.look();
    await alerter.look();
    expect(told).toEqual(["redis-full"]);
  });
});

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
      await post(url, bodyFor(format, notice), await openAgents(DIRECT));
    const [json, slack, teams] = got.map((line) => JSON.parse(line.replace("POST ", "")));
    expect(json).toEqual({ source: "defender-actions", ...notice });
    expect(slack).toEqual({ text: "*Warning* Defender actions: Redis is over 70 % full" });
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
      const error = await post(url, bodyFor("json", notice), await openAgents(DIRECT)).catch(
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
