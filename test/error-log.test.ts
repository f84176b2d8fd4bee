import { expect, it } from "vitest";
import { ErrorLog } from "../src/error-log.ts";
import { createLog } from "../src/log.ts";

function openLog() {
  const lines: string[] = [];
  let nowMs = 0;
  const errors = new ErrorLog(createLog("info", { write: (line) => lines.push(line) }), () => nowMs);
  return {
    warn: (message: string) => errors.warn({ event: "redis.error", err: new Error(message) }, "Redis"),
    passMs: (ms: number) => {
      nowMs += ms;
    },
    logged: () =>
      lines.map((line) => {
        const { err, repeats } = JSON.parse(line);
        return repeats === undefined ? err.message : `${err.message} (${repeats} more)`;
      }),
  };
}

it("an error is logged at once, and its repeats are counted and told after ten seconds", () => {
  const { warn, passMs, logged } = openLog();
  for (let i = 0; i < 343; i += 1) warn("ECONNREFUSED");
  expect(logged()).toEqual(["ECONNREFUSED"]);
  passMs(10_000);
  warn("ECONNREFUSED");
  expect(logged()).toEqual(["ECONNREFUSED", "ECONNREFUSED (342 more)"]);
});

it("another error is not held back by the first", () => {
  const { warn, logged } = openLog();
  warn("ECONNREFUSED");
  warn("READONLY");
  expect(logged()).toEqual(["ECONNREFUSED", "READONLY"]);
});
