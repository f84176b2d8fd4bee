import { describe, expect, test } from "vitest";
import { faultOf, unreadableFault } from "../../src/defender/faults.ts";
import { CALLS } from "../../src/defender/graph-call.ts";
import { answered, html, KINDS, target } from "./graph-answers.ts";

describe("no answer", () => {
  test.each(KINDS)("nothing sent is never applied: %s", (kind) => {
    expect(faultOf(target(kind), { outcome: "unsent", cause: "ENOTFOUND" })).toMatchObject({
      code: "defender_unavailable",
      mayBeApplied: false,
    });
  });

  test.each(KINDS)("sent and unanswered is open for writes alone: %s", (kind) => {
    const failure = faultOf(target(kind), { outcome: "unanswered", cause: "ECONNRESET" });
    expect(failure).toMatchObject({ code: "defender_unavailable", mayBeApplied: CALLS[kind].write });
  });

  test.each(KINDS)("success that cannot be read is open for writes alone: %s", (kind) => {
    const failure = unreadableFault(target(kind), answered(200, html("hello")));
    expect(failure).toMatchObject({ code: "defender_unavailable", mayBeApplied: CALLS[kind].write });
    expect(failure.details.hint).toBeTruthy();
  });

  test.each(KINDS)("an answer too big is open for writes alone: %s", (kind) => {
    const failure = faultOf(target(kind), { outcome: "oversized", cause: "ERR_BAD_RESPONSE" });
    expect(failure.code).toBe(kind === "hunting" ? "query_too_large" : "defender_unavailable");
    expect(failure.mayBeApplied).toBe(CALLS[kind].write);
    expect(failure.details.hint).toBeTruthy();
  });

  test.each([
    ["ENOTFOUND", "DNS"],
    ["EAI_AGAIN", "DNS"],
    ["ECONNREFUSED", "firewall"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "NODE_EXTRA_CA_CERTS"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "NODE_EXTRA_CA_CERTS"],
    ["CERT_HAS_EXPIRED", "NODE_EXTRA_CA_CERTS"],
    ["PROXY_407", "HTTPS_PROXY"],
    ["PROXY_403", "allow the login host"],
    ["DEADLINE", "service health"],
    ["STOPPED", "run again"],
    ["ETIMEDOUT", "network"],
  ])("%s comes with what to look at", (cause, hint) => {
    expect(faultOf(target("read"), { outcome: "unsent", cause }).details.hint).toContain(hint);
  });
});
