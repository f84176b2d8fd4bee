/** The layout of the design, held: each rule passes on the tree and is shown to find its planted violation. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { cruise, type ICruiseResult, type IViolation } from "dependency-cruiser";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DIRECTIONS, forbidden, TEXT_RULES } from "./architecture/rules.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["src", "workers", "producers", "test"];
/** Far below what there is; a tool that does not understand our TypeScript sees none. */
const FEWEST_MODULES = 80;

async function examine(baseDir: string, folders: readonly string[]): Promise<ICruiseResult> {
  const { output } = await cruise([...folders], {
    baseDir,
    validate: true,
    ruleSet: { forbidden },
    tsPreCompilationDeps: true, // Type-only imports count too.
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
    },
  });
  if (typeof output === "string") throw new Error(output);
  return output;
}

const show = ({ rule, from, to, via, cycle }: IViolation): string =>
  `${rule.name}: ${[from, ...(via ?? cycle ?? [{ name: to }]).map(({ name }) => name)].join(" → ")}`;

async function sourceFiles(): Promise<string[]> {
  const all = await Promise.all(
    FOLDERS.map(async (folder) => {
      const names = await readdir(join(root, folder), { recursive: true });
      return names.map((name) => `${folder}/${name}`);
    }),
  );
  return all.flat().filter((name) => name.endsWith(".ts"));
}

describe("the tree", () => {
  let files: string[];
  let result: ICruiseResult;
  beforeAll(async () => {
    files = await sourceFiles();
    result = await examine(root, FOLDERS);
  });

  it("is seen whole", () => {
    const seen = new Set(result.modules.map(({ source }) => source));
    expect(files.filter((name) => !seen.has(name))).toEqual([]);
    expect(files.length).toBeGreaterThan(FEWEST_MODULES);
    const unresolved = result.modules.flatMap(({ source, dependencies }) =>
      dependencies
        .filter(({ couldNotResolve }) => couldNotResolve)
        .map(({ module }) => `${source} → ${module}`),
    );
    expect(unresolved).toEqual([]);
  });

  it("has no import in a direction that never exists", () => {
    expect(result.summary.violations.map(show)).toEqual([]);
  });

  it.each(TEXT_RULES)("keeps to: $name ($reason)", async ({ appliesTo, isBroken }) => {
    const broken: string[] = [];
    for (const name of files.filter(appliesTo))
      if (isBroken(await readFile(join(root, name), "utf8"))) broken.push(name);
    expect(broken).toEqual([]);
  });

  it("has every action in the catalog", () => {
    const catalog = result.modules.find(({ source }) => source === "src/actions/catalog.ts");
    const listed = catalog?.dependencies.map(({ resolved }) => resolved) ?? [];
    const actions = files.filter((name) => /^src\/actions\/(?!catalog\.ts)/.test(name));
    expect(actions.length).toBeGreaterThan(0);
    expect(listed).toEqual(expect.arrayContaining(actions));
  });
});

const isModule = (name: string): boolean => name.endsWith(".ts");

function specifier(from: string, to: string): string {
  const path = relative(dirname(from), to);
  if (!isModule(to)) return to;
  return path.startsWith(".") ? path : `./${path}`;
}

/** Writes all planted chains into one tree: modules that import each other by type alone, and the packages they name. */
async function plant(folder: string): Promise<void> {
  const files = new Map<string, string>([
    ["package.json", JSON.stringify({ devDependencies: { "fast-check": "*" } })],
  ]);
  for (const { planted } of DIRECTIONS) {
    planted.forEach((name, at) => {
      const next = planted[at + 1];
      const line = next === undefined ? "export {};\n" : `import type {} from "${specifier(name, next)}";\n`;
      const file = isModule(name) ? name : `node_modules/${name}/index.js`;
      files.set(file, (files.get(file) ?? "") + line);
    });
  }
  for (const [name, text] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

describe("a planted violation", () => {
  let violations: readonly IViolation[];
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "defender-actions-planted-"));
    await plant(folder);
    violations = (await examine(folder, FOLDERS)).summary.violations;
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(DIRECTIONS)("of $name is found", ({ name, planted: [from] }) => {
    expect(violations.filter(({ rule }) => rule.name === name).map(show)).toContainEqual(
      expect.stringContaining(`${name}: ${from}`),
    );
  });

  it.each(TEXT_RULES)("of $name is found", ({ appliesTo, isBroken, planted }) => {
    expect(appliesTo(planted.path) && isBroken(planted.text)).toBe(true);
  });
});
