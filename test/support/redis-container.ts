/** A private Redis in a container. The engine is asked, not the PATH: a client without an engine is common. */
import { type RedisOptions, type RunningRedis, settingsOf } from "./redis-settings.ts";

const IMAGE = "redis:8-alpine";
const PORT = 6379;

/** Null when no container engine answers. testcontainers is imported late: it takes most of a second. */
export async function startContainer(options: RedisOptions): Promise<RunningRedis | null> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import("testcontainers");
  try {
    await getContainerRuntimeClient();
  } catch {
    return null;
  }
  const container = await new GenericContainer(IMAGE)
    .withCommand(["redis-server", ...settingsOf(options)])
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(PORT)}`,
    stop: async () => {
      await container.stop();
    },
  };
}
