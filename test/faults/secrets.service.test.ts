/** Secrets beside the app's own, of the proxy, the certificate and Redis, get out nowhere when the way to each of them fails. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { runBin } from "../cli/bin.ts";
import { startConnectProxy } from "../defender/connect-proxy.ts";
import { dumpRedis } from "../support/redis-dump.ts";
import { hunt } from "./jobs.ts";
import { openFaultRig, openPrivateRedis } from "./rig.ts";

const CANARIES = {
  proxy: "canary-proxy-5d1c",
  certificate: "canary-certificate-8a07",
  certificatePassword: "canary-certificate-password-17e2",
  redis: "canary-redis-c3b9",
};
/** The proxy refuses everybody, so nothing is ever answered. */
const PROXY_AUTHENTICATION_REQUIRED = 407;
const NOBODY_LISTENS = 9;

it("what proxy, certificate and Redis are given is in no log, result, health answer or store", {
  timeout: 120_000,
}, async (context) => {
  const redis = await openPrivateRedis(context, { settings: { requirepass: CANARIES.redis } });
  const redisUrl = redis.url.replace("redis://", `redis://default:${CANARIES.redis}@`);
  const proxy = await startConnectProxy(NOBODY_LISTENS, PROXY_AUTHENTICATION_REQUIRED);
  const folder = await mkdtemp(join(tmpdir(), "defender-actions-secrets-"));
  context.onTestFinished(() => rm(folder, { recursive: true }));
  const certificate = join(folder, "app.pem");
  await writeFile(
    certificate,
    `-----BEGIN PRIVATE KEY-----\n${CANARIES.certificate}\n-----END PRIVATE KEY-----\n`,
  );

  const rig = await openFaultRig(context, { redisUrl });
  const env = {
    INSTANCES: "fabrikam",
    FABRIKAM__AZURE_TENANT_ID: randomUUID(),
    FABRIKAM__AZURE_CLIENT_ID: randomUUID(),
    FABRIKAM__AZURE_CLIENT_CERTIFICATE_PATH: certificate,
    FABRIKAM__AZURE_CLIENT_CERTIFICATE_PASSWORD: CANARIES.certificatePassword,
    HTTPS_PROXY: proxy.url.replace("http://", `http://ada:${CANARIES.proxy}@`),
    LOGIN_API_ROOT: "https://login.contoso.com",
    GRAPH_API_ROOT: "https://graph.contoso.com",
  };
  const worker = await rig.startWorker({ ...env, LOG_LEVEL: "trace", WORKER_PORT: "0" });
  const { port } = z.looseObject({ port: z.number() }).parse(await worker.event("health.listening"));
  const ask = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const jobs = await rig.acceptMany([
    hunt("through the proxy", { expiresInMs: 5_000 }),
    hunt("with a certificate", { instance: "fabrikam" }),
  ]);
  const results = await Promise.all(jobs.map((job) => rig.finish(job)));
  const checked = await runBin(["check"], { ...rig.env, ...env });
  const healthy = [await ask("/readyz"), await ask("/livez"), await ask("/metrics")];
  const stored = await dumpRedis(rig.redis);
  await redis.kill();
  await worker.event("redis.error");
  const unhealthy = [await ask("/readyz"), await ask("/metrics")];

  // What failed is what was meant to.
  expect(results.map(({ status }) => status)).toEqual(["failed", "failed"]);
  expect(results[1]?.error?.code).toBe("auth_failed");
  expect(proxy.credentials[0]).toBe(`Basic ${Buffer.from(`ada:${CANARIES.proxy}`).toString("base64")}`);
  expect(unhealthy[0]).toContain("not ready");
  const places = {
    log: worker.log.join("\n"),
    results: JSON.stringify(results),
    healthy: healthy.join("\n"),
    unhealthy: unhealthy.join("\n"),
    check: checked.out + checked.err,
    stored,
  };
  const encoded = [...Object.values(CANARIES), `ada:${CANARIES.proxy}`].map((secret) =>
    Buffer.from(secret).toString("base64"),
  );
  for (const [place, text] of Object.entries(places)) {
    expect(text.length, place).toBeGreaterThan(200);
    for (const secret of [...Object.values(CANARIES), ...encoded]) expect(text, place).not.toContain(secret);
  }
});
