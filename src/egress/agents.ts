/** The way to the network that everything shares that leaves for it: kept-alive connections, the proxy, verification of TLS. */
import http from "node:http";
import https from "node:https";
import type { Egress } from "../config.ts";

/** Below the idle timeout of Microsoft's front ends, so that a call seldom meets a connection that is being closed. */
const IDLE_MS = 30_000;

export interface Agents {
  http: http.Agent;
  https: http.Agent;
  close(): void;
}

/**
 * The agents for an egress. `HTTPS_PROXY` serves `https` URLs, as its name says and as everyone reads it; plain `http`
 * roots are loopback only. Private CAs need nothing here: Node reads `NODE_EXTRA_CA_CERTS` itself.
 */
export async function openAgents({ httpsProxy, noProxy, verifySsl }: Egress): Promise<Agents> {
  const plain = new http.Agent({ keepAlive: true, timeout: IDLE_MS });
  const options = { keepAlive: true, timeout: IDLE_MS, rejectUnauthorized: verifySsl };
  const direct = new https.Agent(options);
  if (httpsProxy === null) return { http: plain, https: direct, close: () => destroy(plain, direct) };

  const { ProxyAgent } = await import("proxy-agent");
  const proxy = httpsProxy.includes("://") ? httpsProxy : `http://${httpsProxy}`;
  const proxied = new ProxyAgent({
    ...options,
    httpAgent: plain,
    httpsAgent: direct,
    getProxyForUrl: (url) => (bypassesProxy(new URL(url), noProxy) ? "" : proxy),
  });
  return { http: plain, https: proxied, close: () => destroy(plain, direct, proxied) };
}

function destroy(...agents: readonly http.Agent[]): void {
  for (const agent of agents) agent.destroy();
}

/**
 * Whether `NO_PROXY` names the URL's host: entries separated by commas or spaces, each a host, `*`, or a suffix such as
 * `.contoso.com` or `*.contoso.com`, with or without a port.
 */
export function bypassesProxy(url: URL, noProxy: string): boolean {
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      const [, name = entry, entryPort] = /^(.+?|\[.+\]):(\d+)$/.exec(entry) ?? [];
      if (entryPort !== undefined && entryPort !== port) return false;
      return /^[.*]/.test(name) ? url.hostname.endsWith(name.replace(/^\*/, "")) : url.hostname === name;
    });
}
