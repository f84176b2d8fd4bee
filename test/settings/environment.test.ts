import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadOpsConfig, loadProducerConfig, loadWorkerConfig } from "../../src/config.ts";
import { APP, refusal } from "../support/variables.ts";

describe("a secret URL in a file", () => {
  const file = join(tmpdir(), `defender-actions-${process.pid}-secret`);
  afterAll(() => rmSync(file, { force: true }));
  const withText = (text: string): string => {
    writeFileSync(file, text);
    return file;
  };

  it("is read from there, without the line's end", () => {
    const REDIS_URL_FILE = withText("redis://ada:canary-secret@redis:6379\n");
    for (const { redis } of [
      loadProducerConfig({ REDIS_URL_FILE }),
      loadWorkerConfig({ ...APP, REDIS_URL_FILE }),
    ])
      expect(redis.url).toBe("redis://ada:canary-secret@redis:6379");
  });

  it("is judged as if it were given itself, and never repeated", () => {
    const message = refusal(() => loadProducerConfig({ REDIS_URL_FILE: withText("canary-secret") }));
    expect(message).toMatch(/^REDIS_URL: not readable; allowed: redis:/);
    expect(message).not.toContain("canary-secret");
  });

  it("is refused beside the variable itself, and when there is no such file", () => {
    const both = { REDIS_URL: "redis://a", REDIS_URL_FILE: "/nowhere" };
    expect(refusal(() => loadProducerConfig(both))).toBe(
      "REDIS_URL: given together with REDIS_URL_FILE; allowed: one of them",
    );
    expect(refusal(() => loadOpsConfig({ REDIS_URL_FILE: "/nowhere" }))).toBe(
      'REDIS_URL_FILE: given "/nowhere"; cannot be read (ENOENT)',
    );
  });

  it("is taken from a file for where alerts go, too", () => {
    const given = {
      ALERT_WEBHOOK_URL_FILE: withText("https://hooks.example.com/canary-secret\n"),
      ALERT_HEARTBEAT_URL_FILE: withText("https://hooks.example.com/canary-secret\n"),
    };
    const url = "https://hooks.example.com/canary-secret";
    expect(loadOpsConfig(given)).toMatchObject({ alerts: { webhookUrl: url, heartbeatUrl: url } });
    const message = refusal(() => loadOpsConfig({ ALERT_WEBHOOK_URL_FILE: withText("canary-secret") }));
    expect(message).toBe("ALERT_WEBHOOK_URL: not readable; allowed: an https URL (http only on loopback)");
  });
});
