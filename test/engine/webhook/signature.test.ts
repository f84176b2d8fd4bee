import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { signedHeaders } from "../../../src/engine/webhook/signature.ts";
import { readKeys } from "../../../src/settings/result-webhook.ts";

const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString("base64")}`;
const OLD = secretOf(1);
const NEW = secretOf(2);
const BODY = JSON.stringify({ type: "result.completed", data: { output_message: "ü 😀" } });

function sign(secrets: string, nowMs = Date.now()): Record<string, string> {
  return signedHeaders("msg_1", BODY, readKeys(secrets) ?? [], nowMs);
}

describe("a signature", () => {
  it("is taken by the library of Standard Webhooks", () => {
    expect(new Webhook(NEW).verify(BODY, sign(NEW))).toEqual(JSON.parse(BODY));
  });

  it("of two keys is taken by whoever has either, so that one can be replaced", () => {
    const headers = sign(`${OLD},${NEW}`);
    for (const secret of [OLD, NEW])
      expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
  });

  it("is none for another key, another body, another id, and after five minutes", () => {
    const webhook = new Webhook(NEW);
    expect(() => webhook.verify(BODY, sign(OLD))).toThrow();
    expect(() => webhook.verify(`${BODY} `, sign(NEW))).toThrow();
    expect(() => webhook.verify(BODY, { ...sign(NEW), "webhook-id": "msg_2" })).toThrow();
    expect(() => webhook.verify(BODY, sign(NEW, Date.now() - 301_000))).toThrow();
  });
});

it.each(["", "secret", "whsec_", `whsec_${"A".repeat(30)}`, `${NEW},secret`, NEW.replace("whsec_", "")])(
  "a key must be one: %j",
  (text) => {
    expect(readKeys(text)).toBeNull();
  },
);
