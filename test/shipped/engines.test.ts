/** The oldest Node that package.json allows, held against what every package of the lock file asks for. */
import { readFileSync } from "node:fs";
import { minVersion, satisfies } from "semver";
import { expect, it } from "vitest";
import { z } from "zod";

// Old packages give a list.
const engines = z.union([z.looseObject({ node: z.string().default("*") }), z.array(z.string())]);
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ engines: engines.default({ node: "*" }) })),
});
const { packages } = lockSchema.parse(
  JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")),
);
const nodeOf = (path: string): string => {
  const asked = packages[path]?.engines ?? [];
  return Array.isArray(asked) ? "*" : asked.node;
};

it("runs on the oldest Node that it says it runs on, with every package", () => {
  const oldest = minVersion(nodeOf(""));
  expect(oldest?.version).toBe("20.19.0");
  const tooNew = Object.keys(packages).filter((path) => !satisfies(oldest ?? "", nodeOf(path)));
  expect(tooNew).toEqual([]);
});
