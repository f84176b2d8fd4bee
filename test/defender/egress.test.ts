import { describe, expect, test } from "vitest";
import { bypassesProxy } from "../../src/egress/agents.ts";
import { startConnectProxy } from "./connect-proxy.ts";
import { createPrivateCa } from "./private-ca.ts";
import { connectTo, DIRECT, failureOf, instanceAt } from "./scripted-connection.ts";
import { startScriptedServer } from "./scripted-server.ts";

/** Names that resolve nowhere: what reaches them went through the proxy. */
const LOGIN = "login.contoso.test";
const GRAPH = "graph.contoso.test";

async function secured() {
  const { tls } = await createPrivateCa(["127.0.0.1", LOGIN, GRAPH]);
  const server = await startScriptedServer(tls);
  return { server, port: Number(new URL(server.url).port) };
}

function behind(url: string, { noProxy = "" } = {}) {
  const instance = instanceAt("", { egress: { verifySsl: false, httpsProxy: url, noProxy } });
  return connectTo({ ...instance, loginRoot: `https://${LOGIN}`, graphRoot: `https://${GRAPH}` });
}

describe("behind a proxy", () => {
  test("token and Graph calls alike go through its tunnel, and nothing else", async () => {
    const { server, port } = await secured();
    const proxy = await startConnectProxy(port);
    const { open } = behind(proxy.url);
    await open().getIncident("29");
    await open().getIncident("29");
    expect(server.tokenRequests).toHaveLength(1);
    expect(server.calls).toHaveLength(2);
    expect(proxy.targets).toEqual([`${LOGIN}:443`, `${GRAPH}:443`]);
    expect(proxy.refused).toEqual([]);
  });

  test("its address may lack a scheme and hold credentials", async () => {
    const { port } = await secured();
    const proxy = await startConnectProxy(port);
    await behind(proxy.url.replace("http://", "")).open().getIncident("29");
    await behind(proxy.url.replace("//", "//user:pass%20word@")).open().authenticate();
    const basic = `Basic ${Buffer.from("user:pass word").toString("base64")}`;
    expect(proxy.credentials).toEqual([undefined, undefined, basic]);
  });

  test.each([
    [403, "allow the login host"],
    [407, "HTTPS_PROXY"],
    [502, "allow the login host"],
  ])("its refusal (%i) is its own and not Microsoft's", async (status, hint) => {
    const { server, port } = await secured();
    const proxy = await startConnectProxy(port, status);
    const failure = await failureOf(behind(proxy.url).open().authenticate());
    expect(failure.toRecord()).toMatchObject({ code: "defender_unavailable", http_status: null });
    expect(failure.details.hint).toContain(hint);
    expect(server.tokenRequests).toHaveLength(0);
  });

  test("a comment that it refused was surely not sent", async () => {
    const { server, port } = await secured();
    const proxy = await startConnectProxy(port, 503);
    const egress = { verifySsl: false, httpsProxy: proxy.url, noProxy: "127.0.0.1" };
    const { open, gates } = connectTo({
      ...instanceAt(server.url, { egress }),
      graphRoot: `https://${GRAPH}`,
    });
    const failure = await failureOf(open().addComment("29", "x"));
    expect(failure).toMatchObject({ code: "defender_unavailable", mayBeApplied: false });
    expect(gates.incidents.sent).toBe(0);
    expect(server.tokenRequests).toHaveLength(1);
    expect(server.calls).toHaveLength(0);
  });

  test("a host in NO_PROXY is reached directly", async () => {
    const { server, port } = await secured();
    const proxy = await startConnectProxy(port);
    const egress = { verifySsl: false, httpsProxy: proxy.url, noProxy: `127.0.0.1:${port}` };
    await connectTo(instanceAt(server.url, { egress })).open().getIncident("29");
    expect(proxy.targets).toEqual([]);
  });
});

describe("TLS", () => {
  test("that cannot be verified is refused before anything is sent", async () => {
    const { server } = await secured();
    const { open, gates } = connectTo({
      ...instanceAt((await startScriptedServer()).url),
      graphRoot: server.url,
    });
    const failure = await failureOf(open().addComment("29", "x"));
    expect(failure).toMatchObject({ code: "defender_unavailable", mayBeApplied: false });
    expect(failure.details.hint).toContain("NODE_EXTRA_CA_CERTS");
    expect(gates.incidents.sent).toBe(0);
    expect(server.calls).toHaveLength(0);
  });

  test("need not be verified, and a call counts as sent once", async () => {
    const { server } = await secured();
    const { open, gates } = connectTo(instanceAt(server.url, { egress: { ...DIRECT, verifySsl: false } }));
    await open().getIncident("29");
    await open().getIncident("29");
    expect(gates.incidents.sent).toBe(2);
  });
});

describe("NO_PROXY", () => {
  test.each([
    ["", false],
    ["*", true],
    ["graph.contoso.com", true],
    ["GRAPH.contoso.com", true],
    ["contoso.com", false],
    [".contoso.com", true],
    ["*.contoso.com", true],
    ["fabrikam.com, .contoso.com", true],
    ["fabrikam.com graph.contoso.com", true],
    ["graph.contoso.com:443", true],
    ["graph.contoso.com:8443", false],
    [".contoso.com:443", true],
    ["contoso.com.fabrikam.com", false],
  ])("%j", (noProxy, bypasses) => {
    expect(bypassesProxy(new URL("https://graph.contoso.com/v1.0"), noProxy)).toBe(bypasses);
  });

  test("may name an IPv6 address", () => {
    expect(bypassesProxy(new URL("https://[::1]:8443/"), "[::1]:8443")).toBe(true);
    expect(bypassesProxy(new URL("https://[::1]:8443/"), "[::1]")).toBe(true);
  });
});
