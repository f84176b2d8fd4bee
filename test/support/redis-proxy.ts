/** A way to Redis that can be cut, slowed, or made deaf (data is accepted and swallowed), by connection. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A connection as what went over it tells. */
export interface Proxied {
  /** As in `CLIENT SETNAME`; empty when it has none. */
  name: string;
  /** It has waited, or waits, for a job. */
  isBlocking: boolean;
}

export type Which = (connection: Proxied) => boolean;

export interface RedisProxy {
  url: string;
  connections(): readonly Proxied[];
  /** Resets those connections; they may come back. */
  cut(which?: Which): void;
  /** From now on, nothing comes through on those, however long they live. */
  goDeaf(which?: Which): void;
  /** What arrives on those waits so long, either way. */
  delay(ms: number, which?: Which): void;
  /** Cuts everything, and takes no connection until `heal`. */
  refuse(): void;
  /** Ends deafness, delays and refusal; connections that were deaf are reset, for they have lost data. */
  heal(): void;
  close(): void;
}

interface Line extends Proxied {
  near: Socket;
  far: Socket;
}

const SETNAME = /client\r\n\$\d+\r\nsetname\r\n\$\d+\r\n([^\r]+)/i;
const ALL: Which = () => true;
const NONE: Which = () => false;

export async function openRedisProxy(redisUrl: string): Promise<RedisProxy> {
  const target = new URL(redisUrl);
  const lines = new Set<Line>();
  let isDeaf = NONE;
  let isSlow = NONE;
  let delayMs = 0;
  let isRefusing = false;

  const pass = (line: Line, to: Socket, data: Buffer): void => {
    if (isDeaf(line)) return;
    if (isSlow(line)) setTimeout(() => to.write(data), delayMs);
    else to.write(data);
  };
  const server = createServer((near) => {
    if (isRefusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    const line: Line = { near, far, name: "", isBlocking: false };
    lines.add(line);
    near.on("data", (sent) => {
      line.name = SETNAME.exec(sent.toString("latin1"))?.[1] ?? line.name;
      line.isBlocking ||= sent.includes("bzpopmin");
      pass(line, far, sent);
    });
    far.on("data", (answered) => pass(line, near, answered));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => undefined);
      one.on("close", () => {
        lines.delete(line);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const url = new URL(redisUrl);
  url.port = String(address.port);

  const cut = (which: Which = ALL): void => {
    for (const line of [...lines].filter(which)) line.near.resetAndDestroy();
  };
  return {
    url: url.href,
    connections: () => [...lines],
    cut,
    goDeaf(which = ALL) {
      isDeaf = which;
    },
    delay(ms, which = ALL) {
      delayMs = ms;
      isSlow = which;
    },
    refuse() {
      isRefusing = true;
      cut();
    },
    heal() {
      const lost = isDeaf;
      isDeaf = NONE;
      isSlow = NONE;
      isRefusing = false;
      cut(lost);
    },
    close() {
      cut();
      server.close();
    },
  };
}
