/** Redis for people who have none: the first rung of the ladder that holds. */
import { startContainer } from "./redis-container.ts";
import { installServer } from "./redis-install.ts";
import { findServer, startServer } from "./redis-server.ts";
import type { RedisOptions, RunningRedis } from "./redis-settings.ts";

export type { RedisOptions, RunningRedis } from "./redis-settings.ts";

const NONE_FOUND = `No Redis to work with. Do one of these, then try again:
  - install one: Debian or Ubuntu "apt-get install redis-server", Fedora "dnf install redis",
    Alpine "apk add redis", macOS "brew install redis"
  - start Docker or another container engine
  - set REDIS_URL to a Redis 6.2 or newer that may be written to`;

/** `REDIS_URL`, a server on the PATH, a container, a fresh install; rejects with one message when all fail. */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const url = process.env["REDIS_URL"]?.trim();
  if (url !== undefined && url !== "") return { url, stop: async () => {} };

  const present = findServer();
  if (present !== null) return startServer(present, options);

  const container = await startContainer(options).catch((error: unknown) => {
    process.stderr.write(`The container engine could not start Redis: ${String(error)}\n`);
    return null;
  });
  if (container !== null) return container;

  const installed = installServer() ? findServer() : null;
  if (installed !== null) return startServer(installed, options);
  throw new Error(NONE_FOUND);
}
