import { execFileSync } from "node:child_process";
import { createHash, randomUUID, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Credential } from "../../src/config.ts";
import { connectTo, failureOf, instanceAt, QUICK, SECRET } from "./scripted-connection.ts";
import { freshToken, json, reset, silence, startScriptedServer, text } from "./scripted-server.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "credential-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

async function entra(credential?: Credential, tokenDeadlineMs = QUICK.tokenDeadlineMs) {
  const server = await startScriptedServer();
  const instance = instanceAt(server.url, credential === undefined ? {} : { credential });
  const { open } = connectTo(instance, { limits: { ...QUICK, tokenDeadlineMs } });
  return { server, instance, authenticate: () => open().authenticate() };
}

/** The form of the token request that is made with a credential. */
async function formOf(credential: Credential): Promise<URLSearchParams> {
  const { server, authenticate } = await entra(credential);
  await authenticate();
  return new URLSearchParams(server.tokenRequests[0]?.body);
}

function refusal(number: number, error: string, status: number) {
  const description = `AADSTS${number}: Some words. Trace ID: ${randomUUID()}`;
  return json(status, { error, error_description: description, error_codes: [number] });
}

describe("a token request", () => {
  test("is one POST, to the tenant's endpoint, for the scope of the Graph root", async () => {
    const { server, instance, authenticate } = await entra();
    await authenticate();
    expect(server.calls).toHaveLength(0);
    expect(server.tokenRequests).toHaveLength(1);
    const [request] = server.tokenRequests;
    expect(request?.path).toMatch(`/${instance.tenantId}/oauth2/v2.0/token`);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toMatchObject({
      client_id: instance.clientId,
      client_secret: SECRET,
      grant_type: "client_credentials",
      scope: `${server.url}/.default`,
    });
  });

  test("ends at its deadline", async () => {
    const { server, authenticate } = await entra(undefined, 1_000);
    server.replyToken(silence);
    const failure = await failureOf(authenticate());
    expect(failure).toMatchObject({
      code: "defender_unavailable",
      message: "Entra ID did not answer in time",
    });
  });

  test("is not held back by the failure of the one before", async () => {
    const { server, authenticate } = await entra();
    server.replyToken(text(503, "", { "retry-after": "3600" }), reset, freshToken);
    await failureOf(authenticate());
    await failureOf(authenticate());
    await authenticate();
    expect(server.tokenRequests).toHaveLength(3);
  });
});

describe("a credential", () => {
  test("in a file is read anew for each request", async () => {
    const file = join(await folder(), "secret");
    await writeFile(file, "old secret\n");
    const { server, authenticate } = await entra({ kind: "secret", secret: { file } });
    server.replyToken(refusal(7000222, "invalid_client", 401), freshToken);
    await failureOf(authenticate());
    await writeFile(file, "new secret\n");
    await authenticate();
    const secrets = server.tokenRequests.map(({ body }) => new URLSearchParams(body).get("client_secret"));
    expect(secrets).toEqual(["old secret", "new secret"]);
  });

  test("may be a federated token", async () => {
    const tokenFile = join(await folder(), "token");
    await writeFile(tokenFile, "header.payload.signature\n");
    const form = await formOf({ kind: "federated", tokenFile });
    expect(form.get("client_assertion")).toBe("header.payload.signature");
    expect(form.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  });

  test.each([
    ["plain", null],
    ["with a password", "pass word"],
  ])("may be a certificate, %s", async (_name, password) => {
    const path = await certificate(await folder(), password);
    const form = await formOf({
      kind: "certificate",
      path,
      password: password === null ? null : { value: password },
    });
    const header = JSON.parse(
      Buffer.from(form.get("client_assertion")?.split(".")[0] ?? "", "base64url").toString(),
    );
    const { raw } = new X509Certificate(await readFile(path));
    expect(header["x5t#S256"]).toBe(createHash("sha256").update(raw).digest("base64url"));
  });

  test("that cannot be read is named by its path, and nothing is sent", async () => {
    const dir = await folder();
    const garbage = join(dir, "garbage.pem");
    await writeFile(garbage, "canary-key");
    const locked = await certificate(dir, "pass word");
    const wrong: Credential[] = [
      { kind: "secret", secret: { file: join(dir, "missing") } },
      { kind: "federated", tokenFile: join(dir, "missing") },
      { kind: "certificate", path: garbage, password: null },
      { kind: "certificate", path: locked, password: { value: "canary-password" } },
    ];
    for (const credential of wrong) {
      const { server, authenticate } = await entra(credential);
      const failure = await failureOf(authenticate());
      expect(failure.code).toBe("auth_failed");
      expect(failure.message).toContain(dir);
      expect(failure.details.hint).toBeTruthy();
      expect(JSON.stringify(failure.toRecord())).not.toContain("canary");
      expect(server.tokenRequests).toHaveLength(0);
    }
  });
});

/** A self-signed certificate and its key in one PEM file. */
async function certificate(dir: string, password: string | null): Promise<string> {
  const key = join(dir, "key.pem");
  const cert = join(dir, "cert.pem");
  const lock = password === null ? ["-nodes"] : ["-passout", `pass:${password}`];
  const subject = ["-subj", "/CN=contoso", "-days", "1"];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", ...lock, "-keyout", key, "-out", cert, ...subject],
    { stdio: "ignore" },
  );
  const path = join(dir, "both.pem");
  await writeFile(path, `${await readFile(key, "utf8")}${await readFile(cert, "utf8")}`);
  return path;
}

describe("a refusal (defender-api.md 5.3)", () => {
  test.each([
    [7000215, 401, "invalid_client", "AZURE_CLIENT_SECRET"],
    [7000222, 401, "invalid_client", "new client secret"],
    [700027, 401, "invalid_client", "AZURE_CLIENT_CERTIFICATE_PATH"],
    [7000218, 401, "invalid_client", "AZURE_FEDERATED_TOKEN_FILE"],
    [700016, 400, "unauthorized_client", "AZURE_CLIENT_ID"],
    [7000112, 400, "unauthorized_client", "Enterprise applications"],
    [90002, 400, "invalid_request", "AZURE_TENANT_ID"],
    [90038, 400, "invalid_request", "DEFENDER_CLOUD"],
    [900382, 400, "invalid_request", "DEFENDER_CLOUD"],
    [900432, 400, "invalid_request", "DEFENDER_CLOUD"],
    [500011, 400, "invalid_resource", "GRAPH_API_ROOT"],
    [70011, 400, "invalid_scope", "GRAPH_API_ROOT"],
    [9001023, 400, "invalid_request", "AZURE_TENANT_ID"],
    [90124, 400, "invalid_request", "AZURE_TENANT_ID"],
    [90130, 400, "invalid_request", "AZURE_TENANT_ID"],
    [9002313, 400, "invalid_request", "stray characters"],
    [90023, 400, "invalid_request", "stray characters"],
    [65001, 400, "invalid_grant", "consent"],
    [53003, 400, "access_denied", "policy"],
    [50034, 400, "invalid_grant", "LOGIN_API_ROOT"],
    [7777777, 400, "invalid_request", "AADSTS7777777"],
  ])("AADSTS%i is auth_failed with its number and a hint", async (number, status, error, hint) => {
    const { server, authenticate } = await entra();
    server.replyToken(refusal(number, error, status));
    const record = (await failureOf(authenticate())).toRecord();
    expect(record).toMatchObject({
      code: "auth_failed",
      retryable: false,
      http_status: status,
      graph_code: String(number),
    });
    expect(record.message).toContain(`AADSTS${number}`);
    expect(record.hint).toContain(hint);
  });

  test.each([
    ["AADSTS90033", refusal(90033, "temporarily_unavailable", 400)],
    ["AADSTS90024", refusal(90024, "invalid_request", 400)],
    ["AADSTS90055", refusal(90055, "invalid_request", 400)],
    ["temporarily_unavailable", json(400, { error: "temporarily_unavailable" })],
    ["429", text(429, "", { "retry-after": "60" })],
    ["500", text(500, "<html>")],
    ["503", json(503, { error: "server_error" })],
    ["a reset", reset],
    ["HTML instead of a token", text(200, "<html>")],
    ["JSON without a token", json(200, { token_type: "Bearer" })],
    ["a redirect", text(302, "", { location: "http://portal.contoso.com/" })],
    ["a page that knows nothing of OAuth", text(404, "<html>")],
  ])("%s is defender_unavailable, to be tried again", async (_name, reply) => {
    const { server, authenticate } = await entra();
    server.replyToken(reply);
    const record = (await failureOf(authenticate())).toRecord();
    expect(record).toMatchObject({ code: "defender_unavailable", retryable: true });
    expect(record.hint).toBeTruthy();
    expect(record.message).not.toContain("<");
  });
});
