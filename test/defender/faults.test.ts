import { describe, expect, test } from "vitest";
import { faultOf } from "../../src/defender/faults.ts";
import { CALLS } from "../../src/defender/graph-call.ts";
import type { Answered } from "../../src/defender/transport.ts";
import { answered, GUID, graphError, html, target } from "./graph-answers.ts";

describe("Graph (defender-api.md 1.10)", () => {
  const incidentTexts = [
    [
      "a bad request",
      answered(400, graphError("BadRequest", "The limit of '50' for Top query has been exceeded.")),
      "invalid_input",
      false,
    ],
    [
      "an unknown segment",
      answered(400, graphError("badRequest", "Resource not found for the segment 'incidentz'.")),
      "invalid_input",
      false,
    ],
    [
      "a dead token",
      answered(
        401,
        graphError("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."),
      ),
      "auth_failed",
      false,
    ],
    [
      "a challenge",
      answered(401, "", { "www-authenticate": 'Bearer error="insufficient_claims", claims="e30="' }),
      "auth_failed",
      false,
    ],
    [
      "a challenge of the older form",
      answered(403, "", { "www-authenticate": 'Bearer error="insufficient_claims"' }),
      "auth_failed",
      false,
    ],
    ["no licence", answered(402, ""), "permission_denied", false],
    [
      "a missing role",
      answered(
        403,
        graphError(
          "Forbidden",
          "Missing application roles. API required roles: SecurityIncident.Read.All,SecurityIncident.ReadWrite.All, application roles: .",
        ),
      ),
      "permission_denied",
      false,
    ],
    ["a refusal by a gateway", answered(403, html("403 Forbidden")), "permission_denied", false],
    ["an unknown incident", answered(404, graphError("ResourceNotFound", "not found")), "not_found", false],
    ["one that is gone", answered(410, ""), "not_found", false],
    [
      "a redirect",
      answered(302, "", { location: "https://portal.contoso.com/" }),
      "defender_unavailable",
      false,
    ],
    ["a method not allowed", answered(405, ""), "defender_unavailable", false],
    ["a proxy that asks for credentials", answered(407, ""), "defender_unavailable", false],
    ["a conflict", answered(409, graphError("Conflict", "")), "conflict", false],
    ["a failed precondition", answered(412, ""), "conflict", false],
    ["a lock", answered(423, ""), "conflict", false],
    ["too much text", answered(413, html("413")), "invalid_input", false],
    ["unprocessable", answered(422, graphError("UnprocessableEntity", "no")), "invalid_input", false],
    ["a failed dependency", answered(424, ""), "defender_unavailable", false],
    [
      "throttling",
      answered(429, graphError("TooManyRequests", "Please retry again later.")),
      "throttled",
      false,
    ],
    ["bandwidth", answered(509, ""), "throttled", false],
    ["not implemented", answered(501, ""), "defender_unavailable", false],
    ["a slow request", answered(408, ""), "defender_unavailable", true],
    [
      "a server fault",
      answered(500, graphError("InternalServerError", "oops")),
      "defender_unavailable",
      true,
    ],
    ["an unknown error", answered(500, graphError("UnknownError", "")), "defender_unavailable", true],
    ["a bad gateway", answered(502, html("502 Bad Gateway")), "defender_unavailable", true],
    ["unavailable", answered(503, graphError("ServiceUnavailable", "")), "defender_unavailable", true],
    ["a gateway timeout", answered(504, ""), "defender_unavailable", true],
    ["no storage", answered(507, ""), "defender_unavailable", true],
    ["an error as text", answered(500, { error: "boom" }), "defender_unavailable", true],
    ["prose", answered(500, "upstream connect error"), "defender_unavailable", true],
    ["another JSON", answered(500, "[1,2]"), "defender_unavailable", true],
  ] as const;

  describe.each(["read", "patch", "comment"] as const)("%s", (kind) => {
    test.each(incidentTexts)("%s", (_name, exchange, code, isAmbiguous) => {
      const failure = faultOf(target(kind), exchange);
      expect(failure.toRecord()).toMatchObject({ code, http_status: exchange.status });
      expect(failure.details.hint).toBeTruthy();
      expect(failure.message).not.toMatch(/<|^$/);
      expect(failure.mayBeApplied).toBe(isAmbiguous && CALLS[kind].write);
    });
  });

  test("a missing role is named, and so is the way to grant it", () => {
    const message =
      "Missing application roles. API required roles: SecurityIncident.Read.All,SecurityIncident.ReadWrite.All, application roles: .";
    const failure = faultOf(target("read"), answered(403, graphError("Forbidden", message)));
    expect(failure.message).toBe(
      "The app lacks the Graph application permission SecurityIncident.Read.All or SecurityIncident.ReadWrite.All",
    );
    expect(failure.details.hint).toContain("admin consent");
  });

  test("an unknown incident is named as the SOAR's own integration names it", () => {
    const failure = faultOf(target("patch"), answered(404, graphError("ResourceNotFound", "nope")));
    expect(failure.message).toBe('incident "29" wasn\'t found in Microsoft 365 Defender');
  });

  test("a 404 where no incident was named points at the root", () => {
    const failure = faultOf({ kind: "read" }, answered(404, html("404 Not Found")));
    expect(failure.toRecord()).toMatchObject({ code: "defender_unavailable", retryable: false });
    expect(failure.details.hint).toContain("GRAPH_API_ROOT");
  });

  test("the request id is taken from the envelope when no header carries it", () => {
    const exchange: Answered = { ...answered(400, graphError("BadRequest", "no")), headers: {} };
    expect(faultOf(target("read"), exchange).details.requestId).toBe(GUID);
  });
});
