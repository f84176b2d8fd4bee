/** The bill of materials, held against the lock file. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { z } from "zod";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readJson = (name: string): unknown => JSON.parse(readFileSync(new URL(name, `file://${root}`), "utf8"));
const named = z.record(z.string(), z.string());
const packageSchema = z.object({ dependencies: named });
const billSchema = z.object({
  bomFormat: z.literal("CycloneDX"),
  metadata: z.object({ component: z.object({ type: z.literal("application"), purl: z.string() }) }),
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      licenses: z.array(z.unknown()).optional(),
      hashes: z.array(z.unknown()),
    }),
  ),
});
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string(), dev: z.boolean().optional() })),
});

it("lists what the image installs, with version, licence and hash, and nothing for developers", async () => {
  const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "sbom"], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { metadata, components } = billSchema.parse(JSON.parse(stdout));
  expect(metadata.component.purl).toMatch(/^pkg:npm\/defender-actions@/);
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const { dependencies } = packageSchema.parse(readJson("package.json"));
  for (const [name, version] of Object.entries(dependencies)) expect(listed).toContain(`${name}@${version}`);
  expect([...listed].filter((each) => /^(vitest|typescript)@/.test(each))).toEqual([]);

  const installed = Object.entries(lockSchema.parse(readJson("package-lock.json")).packages)
    .filter(([path, { dev }]) => !["", "node_modules/typescript"].includes(path) && dev !== true)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, "")}@${version}`);
  expect(listed).toEqual(new Set(installed));
  expect(components.filter(({ licenses = [] }) => licenses.length === 0)).toEqual([]);
});
