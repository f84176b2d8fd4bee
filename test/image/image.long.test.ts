/** The image and the composition by hand: built by the steps of the Dockerfile and run in containers, without an engine. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { cheapHash, OPS_SESSION_SECRET } from "../ops/session.ts";
import { buildStages, type Stage } from "./build.ts";
import { readComposition } from "./composition.ts";
import { Network } from "./container.ts";
import { Stack } from "./stack.ts";
import { canContain, fetchNode } from "./tools.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const contains = canContain();

const SIMULATED = {
  AZURE_TENANT_ID: "11111111-1111-4111-8111-111111111111",
  AZURE_CLIENT_ID: "22222222-2222-4222-8222-222222222222",
  AZURE_CLIENT_SECRET: "simulated",
};
const ASK_LOGIN = "fetch('http://127.0.0.1:3000/login').then(({ status }) => console.log(status))";
const ENQUEUE_PING = ["enqueue", "ping", "--input", '{"case_id":"4711"}', "--wait"];

let folder: string;
let node: string;
let stages: ReadonlyMap<string, Stage>;
beforeAll(() => {
  if (!contains) return;
  folder = mkdtempSync(join(tmpdir(), "defender-actions-image-"));
  chmodSync(folder, 0o755);
  node = fetchNode(readFileSync(join(root, "Dockerfile"), "utf8"));
  stages = buildStages({ root, into: join(folder, "stages"), node });
}, 400_000);
afterAll(() => {
  if (contains) rmSync(folder, { recursive: true });
});

function stage(name: string): Stage {
  return stages.get(name) ?? expect.unreachable(`no stage ${name}`);
}

/** Everything of one network is on one loopback. */
async function openStack(names: readonly string[], variables: Record<string, string> = {}): Promise<Stack> {
  const hosts = join(folder, `hosts-${names.join("-")}`);
  writeFileSync(hosts, `127.0.0.1 localhost ${names.join(" ")}\n`);
  const network = await Network.open(node, hosts);
  const composition = readComposition(join(root, "docker-compose.yml"), variables);
  const stack = new Stack({ network, composition, stages, folder });
  onTestFinished(async () => {
    await stack.down();
    await network.close();
  });
  return stack;
}

const packageSchema = z.object({ name: z.string(), version: z.string() });
const billSchema = z.object({ components: z.array(packageSchema) });
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string(), optional: z.boolean().default(false) })),
});

describe.skipIf(!contains)("the image, without an engine", { timeout: 180_000 }, () => {
  it("installs what the bill of materials lists, and nothing for developers", () => {
    const bill = execFileSync("npm", ["run", "--silent", "sbom"], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 2 ** 26,
    });
    const listed = billSchema
      .parse(JSON.parse(bill))
      .components.map(({ name, version }) => `${name}@${version}`);
    const modules = join(stage("runtime").folder, "node_modules");
    const installed = readdirSync(modules, { recursive: true, encoding: "utf8" })
      .filter((path) => /(^|node_modules\/)(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
      .map((path) => packageSchema.safeParse(JSON.parse(readFileSync(join(modules, path), "utf8"))).data)
      .filter((each) => each !== undefined)
      .map(({ name, version }) => `${name}@${version}`);
    expect(installed.filter((each) => !listed.includes(each))).toEqual([]);
    const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
    // Of what is for one platform each, a machine gets its own.
    const elsewhere = Object.entries(packages).flatMap(([path, { version, optional }]) =>
      optional ? [`${path.replace(/^.*node_modules\//, "")}@${version}`] : [],
    );
    expect(listed.filter((each) => !installed.includes(each) && !elsewhere.includes(each))).toEqual([]);
  });

  it("runs every service of the composition, as nobody, with nothing to write to", async () => {
    const stack = await openStack(["redis", "simulator"], {
      OPS_USERS: `ada:viewer:${cheapHash("correct horse")}`,
      OPS_SESSION_SECRET,
    });
    const secrets = join(folder, "secrets");
    mkdirSync(secrets, { mode: 0o700 });
    const made = await stack.run("redis-users", {
      user: "0:0",
      mounts: [{ source: secrets, target: "/secrets", writable: true }],
    });
    expect(made).toMatchObject({ code: 0, err: "" });

    await stack.up("redis");
    const simulated = {
      ...SIMULATED,
      LOGIN_API_ROOT: "http://127.0.0.1:8080",
      GRAPH_API_ROOT: "http://127.0.0.1:8080",
    };
    await stack.up("simulator");
    const worker = await stack.up("worker", { env: simulated });
    const ops = await stack.up("ops");
    expect(await stack.run("ops", { argv: ["node", "-e", ASK_LOGIN] })).toMatchObject({
      code: 0,
      out: "200\n",
    });

    const url = "redis-url-producer";
    const producer = { source: join(secrets, url), target: `/run/secrets/${url}` };
    const asked = await stack.run("worker", {
      argv: [...stage("runtime").entrypoint, ...ENQUEUE_PING],
      env: { REDIS_URL_FILE: producer.target },
      mounts: [producer],
    });
    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining("completed") });

    for (const { pid } of [worker, ops]) {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m);
      expect(status).toMatch(/^CapBnd:\t0+$/m);
      expect(readdirSync(`/proc/${pid}/root/tmp`)).toEqual([]);
    }
    expect(await stack.stop("ops")).toMatchObject({ code: 0 });
    expect(await stack.stop("worker")).toMatchObject({ code: 0 });
  });

  it("runs the demo as the composition says how", async () => {
    const stack = await openStack(["demo-redis", "simulator"]);
    for (const name of ["demo-redis", "simulator", "demo-worker"] as const) await stack.up(name);
    const said = readFileSync(join(root, "docker-compose.yml"), "utf8");
    const [, command = ""] = /^# `docker compose exec demo-worker (.+)`\.$/m.exec(said) ?? [];
    const asked = await stack.run("demo-worker", { argv: ["sh", "-c", command] });
    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining("completed") });
    expect(await stack.stop("demo-worker")).toMatchObject({ code: 0 });
  });
});
