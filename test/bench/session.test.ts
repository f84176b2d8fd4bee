/** How a bench refuses options that cannot be. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const BENCH = fileURLToPath(new URL("main.ts", import.meta.url));

it.each([
  ["--jobs", "0"],
  ["--rounds", "1.5"],
])("%s %s is refused with one sentence and code 2", (option, given) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, ["--import", "tsx", BENCH, option, given], {
    encoding: "utf8",
  });
  expect(stderr).toBe(
    `error: option '${option} <n>' argument '${given}' is invalid. Allowed: a whole number from 1 to 999999.\n`,
  );
  expect([stdout, status]).toEqual(["", 2]);
});
