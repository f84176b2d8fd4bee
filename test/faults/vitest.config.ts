/** The fault tests of the long tier, and those of the quick one, which is part of `npm test` as well. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  test: {
    include: ["test/faults/**/*.{fault,service,timed}.test.ts"],
    globalSetup: ["test/support/global-redis.ts"],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    maxWorkers: 4,
    maxConcurrency: 16,
  },
});
