/** A proxy that tunnels and does nothing else, and keeps what it was asked for. */
import { createServer } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";
import { portOf } from "./scripted-server.ts";

export interface ConnectProxy {
  url: string;
  /** Hosts and ports of `CONNECT`, in order. */
  targets: string[];
  /** Requests of any other kind, all of them refused. */
  refused: string[];
  credentials: (string | undefined)[];
}

/** Tunnels to `port` on loopback whatever host is asked for; with `refuseWith` it answers that status instead. */
export async function startConnectProxy(port: number, refuseWith?: number): Promise<ConnectProxy> {
  const targets: string[] = [];
  const refused: string[] = [];
  const credentials: (string | undefined)[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    refused.push(`${request.method} ${request.url}`);
    response.writeHead(405).end();
  });
  server.on("connect", (request, client: Duplex) => {
    targets.push(request.url ?? "");
    credentials.push(request.headers["proxy-authorization"]);
    sockets.add(client);
    client.on("error", () => {});
    if (refuseWith !== undefined) {
      client.end(`HTTP/1.1 ${refuseWith} No\r\ncontent-length: 2\r\n\r\nno`);
      return;
    }
    const upstream = connect(port, "127.0.0.1", () =>
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n"),
    );
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    upstream.pipe(client).pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server.address())}`, targets, refused, credentials };
}
