import { describe, expect, it } from "vitest";
import { loadWorkerConfig } from "../../src/config.ts";
import { APP, refusal } from "../support/variables.ts";

const SECRET = `whsec_${Buffer.alloc(32, "canary").toString("base64")}`;
const webhookOf = (variables: Record<string, string>) => loadWorkerConfig({ ...APP, ...variables }).webhook;

describe("the webhook", () => {
  it("is where the operator says, by way of the proxy, and always verified", () => {
    const given = { RESULT_WEBHOOK_URL: "https://soar.contoso.com/hook", RESULT_WEBHOOK_SECRET: SECRET };
    const proxy = { HTTPS_PROXY: "http://proxy:8080", NO_PROXY: "localhost", VERIFY_SSL: "false" };
    expect(webhookOf({ ...given, ...proxy })).toEqual({
      url: "https://soar.contoso.com/hook",
      secret: { value: SECRET },
      egress: { verifySsl: true, httpsProxy: "http://proxy:8080", noProxy: "localhost" },
    });
  });

  it("has its key in a file, or none on loopback", () => {
    const file = {
      RESULT_WEBHOOK_URL: "https://soar.contoso.com",
      RESULT_WEBHOOK_SECRET_FILE: "/run/secrets/hook",
    };
    expect(webhookOf(file)?.secret).toEqual({ file: "/run/secrets/hook" });
    expect(webhookOf({ RESULT_WEBHOOK_URL: "http://127.0.0.1:8080" })?.secret).toBeNull();
  });

  it.each([
    [
      { RESULT_WEBHOOK_URL: "https://soar.contoso.com/canary" },
      /^RESULT_WEBHOOK_SECRET: given nothing; allowed .*whsec_/,
    ],
    [{ RESULT_WEBHOOK_URL: "http://soar.contoso.com/canary" }, /^RESULT_WEBHOOK_URL: .*an https URL/],
    [{ RESULT_WEBHOOK_URL: "ftp://127.0.0.1/canary" }, /^RESULT_WEBHOOK_URL: .*an https URL/],
    [{ RESULT_WEBHOOK_SECRET: "canary" }, /^RESULT_WEBHOOK_SECRET: not readable; allowed: whsec_/],
    [
      { RESULT_WEBHOOK_SECRET: SECRET, RESULT_WEBHOOK_SECRET_FILE: "/run/secrets/hook" },
      /^RESULT_WEBHOOK_SECRET: given beside RESULT_WEBHOOK_SECRET_FILE; allowed: one of them/,
    ],
  ])("is refused as %j, and nothing secret is repeated", (variables, message) => {
    const said = refusal(() => webhookOf(variables));
    expect(said).toMatch(message);
    expect(said).not.toMatch(/canary/);
    expect(said).not.toContain(SECRET);
  });
});
