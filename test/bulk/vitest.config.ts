/** `npm run test:bulk`: what takes thousands of incidents, and minutes. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  test: {
    include: ["test/bulk/**/*.bulk.test.ts"],
    globalSetup: ["test/support/global-redis.ts"],
    testTimeout: 900_000,
    hookTimeout: 60_000,
  },
});
