/** `npm run test:long`: what takes a browser, a Python, hundreds of incidents or minutes, beside all that `npm test` runs. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    include: ["test/**/*.long.test.ts"],
    globalSetup: ["test/support/global-redis.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
