/** The token endpoint and the bearer check, as a client meets them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { control, requestToken, send, signIn } from "./probe.ts";
import { type Simulator, startSimulator } from "./simulator.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ quotas: { incidents: null, hunting: null } });
});
afterAll(() => simulator.close());

function assertion(claims: object): Record<string, string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return {
    client_secret: "",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: `${part({ alg: "PS256" })}.${part(claims)}.c2ln`,
  };
}

describe("the token endpoint", () => {
  it("issues an opaque bearer token for the right secret", async () => {
    const { status, json } = await requestToken(simulator);
    expect(status).toBe(200);
    expect(json).toMatchObject({ token_type: "Bearer", expires_in: 3599 });
    expect(json.access_token.length).toBeGreaterThan(40);
  });

  it("accepts the public Graph scope as well as its own", async () => {
    expect((await requestToken(simulator, { scope: "https://graph.microsoft.com/.default" })).status).toBe(
      200,
    );
  });

  it.each([
    ["a wrong secret", { client_secret: "nope" }, 401, "invalid_client", 7000215],
    ["no credential", { client_secret: "" }, 401, "invalid_client", 7000218],
    ["an unknown app", { client_id: "nobody" }, 400, "unauthorized_client", 700016],
    ["a scope without /.default", { scope: "https://graph.microsoft.com" }, 400, "invalid_scope", 70011],
    ["another resource", { scope: "https://other.example/.default" }, 400, "invalid_resource", 500011],
    ["another grant", { grant_type: "password" }, 400, "unsupported_grant_type", 70003],
  ])("refuses %s", async (_what, change, status, error, number) => {
    const reply = await requestToken(simulator, change);
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({ error, error_codes: [number] });
    expect(reply.json.error_description).toContain(`AADSTS${number}: `);
  });

  it("refuses an unknown tenant and the common one", async () => {
    expect((await requestToken(simulator, {}, "nowhere")).json.error_codes).toEqual([90002]);
    expect((await requestToken(simulator, {}, "common")).json.error_codes).toEqual([9001023]);
  });

  it("takes a client assertion whose issuer and subject are the app", async () => {
    const { clientId } = simulator;
    expect(
      (await requestToken(simulator, assertion({ iss: clientId, sub: clientId, aud: "x" }))).status,
    ).toBe(200);
    const other = await requestToken(simulator, assertion({ iss: "other", sub: "other", aud: "x" }));
    expect(other.json.error_codes).toEqual([700027]);
  });

  it("describes itself", async () => {
    const root = `${simulator.url}/${simulator.tenant}`;
    const { json } = await send(`${root}/v2.0/.well-known/openid-configuration`);
    expect(json).toMatchObject({ issuer: `${root}/v2.0`, token_endpoint: `${root}/oauth2/v2.0/token` });
  });
});

describe("the bearer check", () => {
  const list = (authorization?: string) =>
    send(
      `${simulator.url}/v1.0/security/incidents`,
      authorization === undefined ? {} : { headers: { authorization } },
    );

  it.each([undefined, "Bearer garbage"])("answers 401 with a challenge for %s", async (authorization) => {
    const { status, headers, json } = await list(authorization);
    expect(status).toBe(401);
    expect(json.error.code).toBe("InvalidAuthenticationToken");
    expect(headers.get("www-authenticate")).toContain("authorization_uri=");
  });

  it("refuses a revoked token", async () => {
    const { graph } = await signIn(simulator);
    expect((await graph("GET", "incidents")).status).toBe(200);
    await control(simulator, "DELETE", "tokens");
    expect((await graph("GET", "incidents")).status).toBe(401);
  });

  it("names the roles that are missing", async () => {
    await control(simulator, "PUT", "settings", { roles: ["SecurityIncident.Read.All"] });
    const { graph, hunt } = await signIn(simulator);
    expect((await graph("GET", "incidents/29")).status).toBe(200);
    const write = await graph("PATCH", "incidents/29", { status: "resolved" });
    expect(write.status).toBe(403);
    expect(write.json.error).toMatchObject({
      code: "Forbidden",
      message:
        "Missing application roles. API required roles: SecurityIncident.ReadWrite.All, application roles: SecurityIncident.Read.All.",
    });
    expect((await hunt("print ok=1")).json.error.message).toContain(
      "API required roles: ThreatHunting.Read.All",
    );
  });
});
