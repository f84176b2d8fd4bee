import { describe, expect, test } from "vitest";
import { faultOf } from "../../src/defender/faults.ts";
import { answered, GUID, graphError, html } from "./graph-answers.ts";

describe("hunting (defender-api.md 1.9)", () => {
  const bad = (message: string) => answered(400, graphError("BadRequest", message));
  test.each([
    [
      "unknown table",
      bad(
        "'where' operator: Failed to resolve table or column expression named 'DeviceEvents'. Fix semantic errors in your query.",
      ),
      "invalid_query",
    ],
    [
      "unknown column",
      bad(
        "'project' operator: Failed to resolve scalar expression named 'Foo'. Fix semantic errors in your query.",
      ),
      "invalid_query",
    ],
    [
      "syntax",
      bad("The incomplete fragment is unexpected.. Fix syntax errors in your query."),
      "invalid_query",
    ],
    [
      "too heavy",
      bad(
        "Query execution has exceeded the allowed limits. The query execution was preempted. This could possibly be due to high CPU and/or memory resource consumption. Optimize your query by following best practices and try again.",
      ),
      "query_too_large",
    ],
    [
      "result too large",
      bad(
        "Query execution has exceeded the allowed result size. Optimize your query by limiting the number of results and try again.",
      ),
      "query_too_large",
    ],
    [
      "too many results",
      bad("Query execution has exceeded the allowed amount of results. Optimize your query."),
      "query_too_large",
    ],
    ["body too large", answered(413, html("413 Request Entity Too Large")), "query_too_large"],
    ["answer too large for the proxy", answered(502, html("502 Bad Gateway")), "defender_unavailable"],
    ["timeout", answered(504, graphError("UnknownError", "")), "defender_unavailable"],
    ["timeout as 500", answered(500, graphError("UnknownError", "")), "defender_unavailable"],
    [
      "missing role",
      answered(
        403,
        graphError(
          "Forbidden",
          "Missing application roles. API required roles: ThreatHunting.Read.All, application roles: SecurityIncident.Read.All.",
        ),
      ),
      "permission_denied",
    ],
    [
      "not provisioned",
      answered(401, graphError("Unauthorized", "Unauthorized request - Account is not provisioned.")),
      "permission_denied",
    ],
    [
      "inactive",
      answered(403, graphError("Forbidden", "Unauthorized request - Account mode is inactive")),
      "permission_denied",
    ],
    [
      "quota",
      answered(
        429,
        graphError("TooManyRequests", "API calls quota exceeded! maximum allowed 45 per 00:01:00"),
      ),
      "throttled",
    ],
    ["portal: recognition", bad("A recognition error occurred."), "invalid_query"],
    ["portal: timeout", bad("Query exceeded the timeout period."), "query_too_large"],
    ["portal: consumption", bad("Query stopped due to excessive resource consumption."), "query_too_large"],
    [
      "portal: size",
      bad("The query cannot run because it exceeds the allowed size limit when processed."),
      "query_too_large",
    ],
    [
      "portal: processing resources",
      bad(
        "You have exceeded processing resources allocated to this tenant. You can run queries again in 12 minutes.",
      ),
      "throttled",
    ],
    ["any other 400", bad("Something else."), "invalid_query"],
  ])("%s", (_name, exchange, code) => {
    const record = faultOf({ kind: "hunting" }, exchange).toRecord();
    expect(record).toMatchObject({ code, http_status: exchange.status, request_id: GUID });
    expect(record.hint).toBeTruthy();
    expect(record.message).not.toMatch(/<|^$/);
  });

  test("an invalid query keeps the engine's own words", () => {
    const message =
      "'project' operator: Failed to resolve scalar expression named 'Foo'. Fix semantic errors in your query.";
    expect(faultOf({ kind: "hunting" }, bad(message)).message).toBe(message);
  });
});
