/** The server itself: what it refuses whatever is asked for, and what it shows of itself. */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { makeOpenApi } from "../../../producers/api/openapi.ts";
import { loadApiConfig } from "../../../src/config.ts";
import { refusal } from "../../support/variables.ts";
import { callApi, openApi, tokenFor } from "./opened-api.ts";

describe("the server", () => {
  it("refuses another method than a place has, and says which it has", async () => {
    const { url, refused } = await openApi();
    for (const method of ["PUT", "PATCH", "OPTIONS", "DELETE"]) await refused(405, "/v1/actions", { method });
    const { status, headers } = await callApi(url, "/v1/cases/1/jobs/2", { method: "HEAD" });
    expect([status, headers.get("allow")]).toEqual([405, "GET, DELETE"]);
  });

  it("refuses bodies that are no JSON, too large or too deep, and names that reach into prototypes", async () => {
    const { url, refused, client } = await openApi({ API_BODY_LIMIT: "4096" });
    const send = async (body: string | Buffer, type = "application/json"): Promise<number> =>
      (await fetch(`${url}/v1/actions/ping`, { method: "POST", body, headers: { "content-type": type } }))
        .status;
    expect(await send('{"case_id":"4711"}', "text/plain")).toBe(415);
    expect(await send("{", "application/json")).toBe(400);
    expect(await send("")).toBe(400);
    expect(await send(`{"case_id":"${"x".repeat(5_000)}"}`)).toBe(413);
    expect(await send(`{"case_id":${"[".repeat(2_000)}${"]".repeat(2_000)}}`)).toBe(400);
    expect(await send('{"case_id":"4711","__proto__":{"x":1}}')).toBe(400);
    expect(await send('{"case_id":"4711","constructor":{"prototype":{"x":1}}}')).toBe(400);
    expect(await send(randomBytes(100))).toBe(400);
    await refused(413, "/v1/actions", { body: ["x".repeat(5_000)] });
    expect(await client.resultsForCase("4711")).toEqual([]);
  });

  it("answers a page elsewhere that took its name for this machine with 421", async () => {
    const { url } = await openApi();
    const status = await new Promise((resolve, reject) => {
      request(`${url}/v1/actions`, { headers: { host: "evil.example" } }, (answer) =>
        resolve(answer.statusCode),
      )
        .on("error", reject)
        .end();
    });
    expect(status).toBe(421);
  });

  it("listens beyond loopback only when tokens are set", async () => {
    await expect(openApi({ API_HOST: "0.0.0.0" })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("API_HOST"),
    });
    expect(refusal(() => loadApiConfig({ API_TLS_CERT_FILE: "x" }))).toContain(
      "API_TLS_KEY_FILE: given nothing",
    );
  });

  it("serves its OpenAPI document, a page made from it, and its health", async () => {
    const { call } = await openApi();
    const { json } = await call("/openapi.json");
    expect(json).toEqual(JSON.parse(JSON.stringify(makeOpenApi())));
    const page = await call("/docs/");
    expect(page.text).toContain("swagger-ui");
    expect((await call("/docs/json")).json).toEqual(json);
    expect((await call("/readyz")).json).toMatchObject({ status: "ready" });
    expect((await call("/livez")).status).toBe(200);
  });

  it("lists the catalog with JSON Schemas", async () => {
    const { call } = await openApi();
    const { json } = await call("/v1/actions");
    expect(json).toHaveLength(6);
    expect(json).toContainEqual(
      expect.objectContaining({
        name: "update_incident",
        input_schema: expect.objectContaining({ type: "object" }),
      }),
    );
  });

  it("refuses what one caller sends beyond the rate, and says when to come again", async () => {
    const { call, refused } = await openApi({ API_RATE_LIMIT: "3/1m" });
    for (let sent = 0; sent < 3; sent += 1) await call("/v1/actions");
    expect((await refused(429, "/v1/actions")).code).toBe("throttled");
    expect(Number((await call("/v1/actions")).headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await call("/livez")).status).toBe(200);
  });

  it("gives a token the rate and the body that its entry names, and others theirs", async () => {
    const small = tokenFor("small:*:*:rate=2/1m:body=2kb");
    const plain = tokenFor("plain:*:*");
    const { call, refused } = await openApi({ API_TOKENS: `${small.entry},${plain.entry}` });
    const body = { case_id: "x".repeat(3_000) };
    const problem = await refused(413, "/v1/actions/ping", { token: small.token, body });
    expect(problem.detail).toContain("2048 bytes");
    expect((await call("/v1/actions/ping", { token: plain.token, body })).status).not.toBe(413);
    expect((await call("/v1/actions", { token: small.token })).status).toBe(200);
    const { detail } = await refused(429, "/v1/actions", { token: small.token });
    expect(detail).toContain("up to 2 per 60000 ms");
    expect((await call("/v1/actions", { token: plain.token })).status).toBe(200);
  });
});
