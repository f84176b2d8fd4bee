/**
 * Test projects. Of `npm test`: `unit` needs no service; `service` shares one real Redis and starts real processes; `timed` does
 * so too, and asserts how well a quota is used, for which the processor must be free. Of `npm run check`: `architecture`, and
 * `shipped`, which holds package, README and demo as users get them.
 */
import { defineConfig } from "vitest/config";

const service = ["test/**/*.service.test.ts"];
const timed = ["test/**/*.timed.test.ts"];
const architecture = ["test/architecture.test.ts"];
const shipped = ["test/shipped/*.test.ts"];

const onRealRedis = {
  globalSetup: ["test/support/global-redis.ts"],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Tests that run side by side mostly wait, for a killed worker's lock or a window of a quota.
  maxConcurrency: 16,
};

export default defineConfig({
  test: {
    projects: [
      { test: { name: "architecture", include: architecture, testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: "shipped", include: shipped, ...onRealRedis } },
      {
        test: {
          name: "unit",
          // No unit test changes what modules share, and loading them anew for each file took most of the time.
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: [
            ...service,
            ...timed,
            ...architecture,
            ...shipped,
            "test/**/*.fault.test.ts",
            "test/**/*.bulk.test.ts",
            "test/**/*.long.test.ts",
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "service",
          isolate: false,
          include: service,
          ...onRealRedis,
          maxWorkers: 5,
          // After the unit tests. These mostly wait for processes and windows, so more of them run than there are cores.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "timed",
          include: timed,
          ...onRealRedis,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
