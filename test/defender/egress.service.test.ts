import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startConnectProxy } from "./connect-proxy.ts";
import { createPrivateCa } from "./private-ca.ts";
import { startScriptedServer } from "./scripted-server.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("./egress-process.ts", import.meta.url));

test("a private CA and a proxy serve token and Graph calls alike", async () => {
  const { caFile, tls } = await createPrivateCa(["login.contoso.test", "graph.contoso.test"]);
  const server = await startScriptedServer(tls);
  const proxy = await startConnectProxy(Number(new URL(server.url).port));
  const env = {
    PATH: process.env["PATH"],
    LOGIN: "https://login.contoso.test",
    GRAPH: "https://graph.contoso.test",
    PROXY: proxy.url,
  };
  const getIncident = async (more: Record<string, string>): Promise<unknown> => {
    const { stdout } = await run(process.execPath, ["--import", "tsx", script], { env: { ...env, ...more } });
    return JSON.parse(stdout);
  };

  expect(await getIncident({})).toMatchObject({
    code: "defender_unavailable",
    hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
  });
  expect(server.tokenRequests).toHaveLength(0);

  expect(await getIncident({ NODE_EXTRA_CA_CERTS: caFile })).toEqual({ id: "29" });
  expect(proxy.targets.slice(-2)).toEqual(["login.contoso.test:443", "graph.contoso.test:443"]);
  expect(proxy.refused).toEqual([]);
});
