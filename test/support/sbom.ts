/** `npm run --silent sbom`: the bill of materials (CycloneDX) of what the image installs. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const root = new URL("../../", import.meta.url);
/** The Dockerfile removes it. */
const REMOVED = "node_modules/typescript";
const ref = z.looseObject({ "bom-ref": z.string() });
const billSchema = z.looseObject({
  metadata: z.looseObject({ component: ref.extend({ name: z.string() }) }),
  components: z.array(ref),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});
const lockSchema = z.object({
  name: z.string(),
  packages: z.record(z.string(), z.object({ version: z.string(), dev: z.boolean().default(false) })),
});

const { name, packages } = lockSchema.parse(
  JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8")),
);
const installed = new Set(
  Object.entries(packages)
    .filter(([path, { dev }]) => !dev && path !== REMOVED)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, "") || name}@${version}`),
);
// With `--omit dev` npm was seen to leave out what the product and a development tool both need.
const all = execFileSync(
  "npm",
  ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--sbom-type", "application"],
  {
    cwd: fileURLToPath(root),
    maxBuffer: 64 * 1024 * 1024,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  },
);
const { metadata, components, dependencies, ...bill } = billSchema.parse(JSON.parse(all));
process.stdout.write(
  `${JSON.stringify(
    {
      ...bill,
      // npm takes the name of the folder.
      metadata: { ...metadata, component: { ...metadata.component, name } },
      components: components.filter((each) => installed.has(each["bom-ref"])),
      dependencies: dependencies
        .filter((each) => installed.has(each.ref))
        .map((each) => ({ ...each, dependsOn: each.dependsOn.filter((other) => installed.has(other)) })),
    },
    null,
    2,
  )}\n`,
);
