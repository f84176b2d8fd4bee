/** `npm run test:faults:planted`: takes a protection out of a copy of the product, and shows that the checker says what broke. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

interface Plant {
  name: string;
  file: string;
  /** Must be there exactly once. */
  from: string;
  to: string;
  /** The test that must fail, as a file and a part of its name. */
  test: readonly [file: string, name: string];
  /** What the checker must say. */
  says: string;
}

const PLANTS: readonly Plant[] = [
  {
    name: "comments are not read back",
    file: "src/actions/add-comment-to-incident.ts",
    from: "return comments.findLast(",
    to: "return comments.slice(0, 0).findLast(",
    test: ["kill-points", "add_comment_to_incident is done once when its worker dies after-answer"],
    says: "twice: add_comment_to_incident",
  },
  {
    name: "stale runs are not fenced off",
    file: "src/results/scripts.ts",
    from: "return get('gen') == generation and get('run') == run and not is_final()",
    to: "return true",
    test: ["frozen-worker", "when frozen before-result"],
    says: "rewritten: the result of add_comment_to_incident",
  },
  {
    name: "slots never expire",
    file: "src/defender/slots.ts",
    from: ".schedule({ priority, expiration }, async",
    to: ".schedule({ priority, expiration: expiration * 1_000 }, async",
    test: ["slots", "leaves them to the others"],
    says: "not over: execute_custom_query",
  },
];

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const COPIED = [
  "src",
  "workers",
  "producers",
  "test",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

async function run(
  folder: string,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  await once(child, "close");
  return { code: child.exitCode, output: stripVTControlCharacters(output) };
}

async function copyProduct(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "defender-actions-planted-"));
  await Promise.all(COPIED.map((name) => cp(join(ROOT, name), join(folder, name), { recursive: true })));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function plantIn(folder: string, { name, file, from, to }: Plant): Promise<void> {
  const path = join(folder, file);
  const text = await readFile(path, "utf8");
  const places = text.split(from).length - 1;
  if (places !== 1)
    throw new Error(`${name}: ${JSON.stringify(from)} is ${places} times in ${file}, not once`);
  await writeFile(path, text.replace(from, to));
}

async function test(folder: string, [file, name]: Plant["test"]) {
  const build = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", "dist"];
  const built = await run(folder, [...build, "--incremental", "false", "--tsBuildInfoFile", "null"]);
  if (built.code !== 0) throw new Error(built.output);
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/faults/vitest.config.ts"];
  return await run(folder, [...vitest, `test/faults/${file}.`, "-t", name]);
}

/** Null when the test passes with the product as it is, and fails with the checker's words once the protection is gone. */
async function show(plant: Plant): Promise<string | null> {
  const folder = await copyProduct();
  try {
    const whole = await test(folder, plant.test);
    if (whole.code !== 0 || !/Tests\s+1 passed/.test(whole.output))
      return `its test fails, or is not one, before anything is planted:\n${whole.output}`;
    await plantIn(folder, plant);
    const broken = await test(folder, plant.test);
    if (broken.code === 0) return "the checker did not notice";
    return broken.output.includes(plant.says) ? null : `it failed for another reason:\n${broken.output}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const outcomes = await Promise.all(
  PLANTS.map(async (plant) => {
    const problem = await show(plant);
    console.log(
      problem === null ? `caught  ${plant.name}: "${plant.says} …"` : `MISSED  ${plant.name}: ${problem}`,
    );
    return problem === null;
  }),
);
console.log(`${outcomes.filter((caught) => caught).length} of ${PLANTS.length} planted faults were caught`);
process.exitCode = outcomes.every((caught) => caught) ? 0 : 1;
