/** The fault tests of the long tier, and those of the quick one, which is part of `npm test` as well. */
import { defineConfig } from "vitest/config";

/** These assert how soon, or how well, a quota is used, for which the processor must be free. */
const timed = [
  "throttled.fault",
  "full-load.fault",
  "interactive-first.fault",
  "throttle-storm.fault",
  "short-storm.fault",
  "backlog.fault",
  "oversized.fault",
].map((name) => `test/faults/**/*${name}.test.ts`);

const onRealRedis = {
  globalSetup: ["test/support/global-redis.ts"],
  testTimeout: 900_000,
  hookTimeout: 60_000,
  maxConcurrency: 16,
};

export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  test: {
    projects: [
      {
        test: {
          name: "faults",
          include: ["test/faults/**/*.{fault,service}.test.ts"],
          exclude: timed,
          ...onRealRedis,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "timed",
          include: timed,
          ...onRealRedis,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
