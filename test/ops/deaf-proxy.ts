/** A way to Redis on which blocking connections can go dead while the others live: data is accepted and swallowed. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface DeafProxy {
  url: string;
  /** From now on nothing comes through on a connection that has waited, or waits, for a job. */
  goDeaf(): void;
  hear(): void;
}

export async function openDeafProxy(redisUrl: string): Promise<DeafProxy> {
  const target = new URL(redisUrl);
  const sockets = new Set<Socket>();
  let isDeaf = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    let isBlocking = false;
    near.on("data", (sent) => {
      if (sent.includes("bzpopmin")) isBlocking = true;
      if (!(isDeaf && isBlocking)) far.write(sent);
    });
    far.on("data", (answered) => {
      if (!(isDeaf && isBlocking)) near.write(answered);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => undefined).on("close", () => other.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const url = new URL(redisUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    goDeaf() {
      isDeaf = true;
    },
    hear() {
      isDeaf = false;
      for (const socket of sockets) socket.destroy();
    },
  };
}
