/** What can be said about the image and the composition without an engine. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DCLinter } from "dclint";
import { validate } from "dockerfile-utils";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { makeUsers } from "../../producers/commands/redis-users.ts";
import { loadOpsConfig, loadWorkerConfig } from "../../src/config.ts";
import { opsVariables } from "../../src/settings/ops.ts";
import { logVariables } from "../../src/settings/worker.ts";
import { APP } from "../support/variables.ts";
import { readComposition } from "./composition.ts";

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

const file = fileURLToPath(new URL("../../docker-compose.yml", import.meta.url));
const { services, secrets } = readComposition(file);

const { version } = z.object({ version: z.string() }).parse(JSON.parse(read("package.json")));
const dockerfile = read("Dockerfile");
const stages = [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, base, name]) => ({ base, name }));

const lintSchema = z.array(z.object({ messages: z.array(z.object({ rule: z.string() })) }));

describe("the composition", () => {
  it("is what the schema of the Compose Specification allows", () => {
    const linter = new DCLinter({ rules: {}, quiet: false, debug: false, exclude: [] });
    const judge = (path: string) =>
      lintSchema
        .parse(linter.lintFiles([fileURLToPath(new URL(path, import.meta.url))], false))
        .flatMap(({ messages }) => messages.filter(({ rule }) => rule === "invalid-schema"));
    expect(judge("../../docker-compose.yml")).toEqual([]);
    // It is no composition, so the linter does look.
    expect(judge("../../docs/prometheus/alerts.yml")).not.toEqual([]);
  });

  it("keeps every acknowledged write and evicts nothing", () => {
    const command = services.redis.command?.join(" ");
    expect(command).toContain("--appendonly yes --appendfsync always");
    expect(command).toContain("--maxmemory-policy noeviction");
  });

  it("gives each program a user of Redis of its own, made by the command that it names", async () => {
    const folder = await mkdtemp(join(tmpdir(), "defender-actions-secrets-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [command, , , ...more] = services["redis-users"].command ?? [];
    expect([command, ...more]).toEqual(["redis-users", "--address", "redis:6379"]);
    const made = await makeUsers({ folder, address: "redis:6379" });
    for (const [name, { file }] of Object.entries(secrets)) {
      expect(file).toBe(`./secrets/${name}`);
      expect(made).toContain(join(folder, name));
    }
    for (const name of ["worker", "ops"] as const) {
      expect(services[name].secrets).toEqual([`redis-url-${name}`]);
      expect(services[name].environment["REDIS_URL_FILE"]).toBe(`/run/secrets/redis-url-${name}`);
    }
    expect(services.redis.secrets).toEqual(["redis-users.acl"]);
    expect(services.redis.command?.join(" ")).toContain("--aclfile /run/secrets/redis-users.acl");
    // A REDIS_URL in .env is for programs outside.
    const url = join(folder, "redis-url-worker");
    const { redis } = loadWorkerConfig({ ...APP, ...services.worker.environment, REDIS_URL_FILE: url });
    expect(redis.url).toMatch(/^redis:\/\/worker:[\w-]+@redis:6379$/);
  });

  it("gives Redis the memory to fork with all its data", () => {
    const { command = [], mem_limit } = services.redis;
    const [dataGb, limitGb] = [command[command.indexOf("--maxmemory") + 1], mem_limit].map((size = "") =>
      Number(/^(\d+)gb?$/.exec(size)?.[1]),
    );
    expect(limitGb).toBe(2 * (dataGb ?? 0));
  });

  it("passes on to ops all that .env may say of it", () => {
    const own = ["OPS_HOST", "OPS_PORT", "OPS_WRITES"];
    const names = [...Object.keys(opsVariables.shape), ...Object.keys(logVariables.shape)];
    const missing = names.filter((name) => !own.includes(name) && !name.endsWith("_FILE"));
    const told = Object.fromEntries(missing.map((name) => [name, "from .env"]));
    expect(readComposition(file, told).services.ops.environment).toMatchObject(told);
  });

  it("publishes nothing beyond this machine's loopback, and the board there", () => {
    const published = Object.values(services).flatMap(({ ports }) => ports);
    expect(published).toEqual(["127.0.0.1:3000:3000"]);
    const { OPS_USERS, OPS_SESSION_SECRET, REDIS_URL_FILE, QUEUE_PREFIX, ...given } =
      services.ops.environment;
    expect([REDIS_URL_FILE, QUEUE_PREFIX]).toEqual(["/run/secrets/redis-url-ops", "defender"]);
    const users = { OPS_USERS: "from .env", OPS_SESSION_SECRET: "also" };
    expect(readComposition(file, users).services.ops.environment).toMatchObject(users);
    expect([OPS_USERS, OPS_SESSION_SECRET]).toEqual(["", ""]);
    expect(loadOpsConfig(given)).toMatchObject({
      host: "0.0.0.0",
      port: 3_000,
      users: null,
      writable: false,
    });
    expect(Object.keys(services.ops.environment).join()).not.toContain("AZURE");
  });

  it("gives a worker longer to stop than the worker takes", () => {
    const { shutdownTimeoutMs } = loadWorkerConfig(services["demo-worker"].environment);
    for (const name of ["worker", "demo-worker"] as const) {
      const seconds = Number.parseInt(services[name].stop_grace_period ?? "", 10);
      expect(seconds * 1_000).toBeGreaterThan(shutdownTimeoutMs);
    }
  });

  it("lets the demo's worker reach the simulator over loopback, and only in the demo", () => {
    expect(services["demo-worker"]).toMatchObject({ network_mode: "service:simulator", profiles: ["demo"] });
    expect(services.simulator.profiles).toEqual(["demo"]);
    const [instance] = loadWorkerConfig(services["demo-worker"].environment).instances;
    expect(instance?.graphRoot).toBe("http://127.0.0.1:8080");
    expect(instance?.tenantId).toBe(services.simulator.environment["AZURE_TENANT_ID"]);
  });

  it("builds stages that the Dockerfile has, and runs ours without a writable disk", () => {
    for (const name of ["worker", "ops", "simulator", "demo-worker"] as const) {
      expect(stages.map((stage) => stage.name)).toContain(services[name].build?.target);
      expect(services[name].read_only).toBe(true);
    }
  });
});

describe("the image", () => {
  it("passes a linter", () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(validate(dockerfile.replace("--interval", "--intervall"))).toHaveLength(1);
  });

  const runtime = dockerfile.slice(dockerfile.lastIndexOf("FROM "));

  it("ends with the runtime stage, on a Node that has long-term support", () => {
    expect(stages.at(-1)).toEqual({ base: "$\u007bNODE_IMAGE}", name: "runtime" });
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:24-trixie-slim$/m);
    expect(dockerfile).toContain(`image.version="${version}"`);
  });

  it("runs as nobody in particular, as process 1, and tells whether it is well", () => {
    const [, user] = /^USER (\d+):\d+$/m.exec(runtime) ?? [];
    expect(Number(user)).toBeGreaterThanOrEqual(10_001);
    expect(runtime).toContain('ENTRYPOINT ["node", "dist/src/cli.js"]');
    expect(runtime).toMatch(/^HEALTHCHECK /m);
  });

  it("runs no install script and carries nothing for developers only", () => {
    const installs = dockerfile.match(/npm ci.*/g) ?? [];
    expect(installs.length).toBeGreaterThan(0);
    for (const install of installs) expect(install).toContain("--ignore-scripts");
    expect(runtime).toContain("COPY --from=production /app/node_modules");
    expect(dockerfile).toMatch(/AS production\n(#.*\n)*RUN --mount=\S+ npm ci --omit=dev/);
  });

  it("is built from what .dockerignore lets through", () => {
    const allowed = read(".dockerignore").match(/(?<=^!).+/gm) ?? [];
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) =>
      names?.split(" "),
    );
    expect(new Set(copied)).toEqual(new Set(allowed));
  });
});
