/** The directions that never exist, each with its reason and with a violation that must be found. */
import type { IForbiddenRuleType } from "dependency-cruiser";

export interface Direction {
  name: string;
  reason: string;
  from: { path: string; pathNot?: string };
  to: { path?: string; pathNot?: string; reachable?: true; circular?: true; dependencyTypes?: "npm-dev"[] };
  /** Planted for the proof: each module imports the next; what has no extension is a package. */
  planted: readonly string[];
}

const OURS = "^(src|producers|workers)/";
/** Names of hosts, and nothing else: configuration needs them everywhere. */
const CLOUDS = "^src/defender/clouds\\.ts$";

function folders(...names: string[]): string {
  return `^src/(${names.join("|")})/`;
}

function packages(...names: string[]): string {
  return `(^|/)node_modules/(${names.join("|")})(/|$)`;
}

export const DIRECTIONS: readonly Direction[] = [
  {
    name: "contract-imports-zod-alone",
    reason: "Everybody reads the contract, so it may bring nothing along.",
    from: { path: folders("contract") },
    to: { pathNot: `${folders("contract")}|${packages("zod")}` },
    planted: ["src/contract/planted.ts", "src/kql/planted-text.ts"],
  },
  {
    name: "actions-are-descriptions",
    reason: "An action is a description plus `ctx`, so that producers can import it for free.",
    from: { path: folders("actions") },
    to: { path: folders("defender", "queue", "engine", "results", "ops", "audit"), reachable: true },
    planted: ["src/actions/planted.ts", "src/kql/planted-via.ts", "src/results/planted-store.ts"],
  },
  {
    name: "actions-use-no-client",
    reason: "As above: no HTTP, no queue, no Redis, no log behind an action.",
    from: { path: folders("actions", "kql") },
    to: { path: packages("axios", "bullmq", "ioredis", "pino") },
    planted: ["src/actions/planted-client.ts", "ioredis"],
  },
  {
    name: "bulk-is-shared",
    reason: "Producers and workers keep runs with the same code, so it knows neither of them.",
    from: { path: folders("bulk") },
    to: { path: `${folders("actions", "defender", "engine", "queue", "ops")}|^(producers|workers)/` },
    planted: ["src/bulk/planted.ts", "src/queue/planted-names.ts"],
  },
  {
    name: "audit-only-takes-down",
    reason: "Everybody's deeds are taken down the same way, so the trail knows none of those who do them.",
    from: { path: folders("audit") },
    to: {
      path: `${folders("actions", "bulk", "defender", "engine", "queue", "results", "ops")}|^(producers|workers)/`,
    },
    planted: ["src/audit/planted.ts", "src/queue/planted-names.ts"],
  },
  {
    name: "audit-reader-never-writes",
    reason: "Reading the audit trail must not be able to change it.",
    from: { path: "^src/audit/reader\\.ts$" },
    to: { path: "^src/audit/trail\\.ts$", reachable: true },
    planted: ["src/audit/reader.ts", "src/audit/planted-via.ts", "src/audit/trail.ts"],
  },
  {
    name: "producers-hold-no-credential",
    reason: "Whoever asks holds no Defender credential and loads no Defender code.",
    from: { path: "^producers/" },
    to: { path: folders("engine", "defender"), pathNot: CLOUDS, reachable: true },
    planted: ["producers/planted.ts", "src/queue/planted-via.ts", "src/defender/planted-client.ts"],
  },
  {
    name: "clouds-are-data",
    reason: "The one file of defender that producers reach must bring nothing along.",
    from: { path: CLOUDS },
    to: { path: "." },
    planted: ["src/defender/clouds.ts", "src/defender/planted-token.ts"],
  },
  {
    name: "defender-knows-no-jobs",
    reason: "The client makes calls; who asked, and what becomes of the answer, is not its business.",
    from: { path: folders("defender") },
    to: { path: folders("queue", "engine", "results", "actions", "audit") },
    planted: ["src/defender/planted-jobs.ts", "src/queue/planted-names.ts"],
  },
  {
    name: "execute-is-pure",
    reason: "The steps of a run are tested without a queue and without Redis.",
    from: { path: "^src/engine/execute\\.ts$" },
    to: { path: packages("bullmq", "ioredis") },
    planted: ["src/engine/execute.ts", "bullmq"],
  },
  {
    name: "reader-never-writes",
    reason: "Reading a result must not be able to change it.",
    from: { path: "^src/results/reader\\.ts$" },
    to: { path: "^src/results/store\\.ts$", reachable: true },
    planted: ["src/results/reader.ts", "src/results/planted-via.ts", "src/results/store.ts"],
  },
  {
    name: "product-imports-no-test",
    reason: "The package carries no tests.",
    from: { path: OURS },
    to: { path: "^test/" },
    planted: ["src/planted-to-test.ts", "test/planted-support.ts"],
  },
  {
    name: "product-imports-no-dev-dependency",
    reason: "What only developers install is not there for users.",
    from: { path: OURS },
    to: { dependencyTypes: ["npm-dev"] },
    planted: ["src/planted-dev.ts", "fast-check"],
  },
  {
    name: "simulator-shares-no-code",
    reason: "A simulator that shares our code shares our bugs.",
    from: { path: "^test/simulator/", pathNot: "\\.test\\.ts$" },
    to: { path: OURS, reachable: true },
    planted: ["test/simulator/planted.ts", "test/planted-via.ts", "src/defender/planted-shared.ts"],
  },
  {
    name: "calls-leave-through-defender",
    reason: "Tokens, retries, deadlines and quotas are kept in one folder.",
    from: { path: OURS, pathNot: folders("defender") },
    to: { path: packages("axios", "bottleneck", "p-retry", "@azure/msal-node") },
    planted: ["workers/planted-call.ts", "@azure/msal-node"],
  },
  {
    name: "traces-have-one-room",
    reason:
      "OpenTelemetry is loaded only where traces are wanted; all others speak of spans through one interface.",
    from: { path: OURS, pathNot: "^src/trace/(api-tracer|queue-spans|sdk)\\.ts$" },
    to: { path: packages("@opentelemetry", "bullmq-otel") },
    planted: ["src/queue/planted-span.ts", "@opentelemetry/api"],
  },
  {
    name: "traces-know-no-jobs",
    reason: "Everybody tells spans, so what tells them on knows nobody.",
    from: { path: folders("trace") },
    to: {
      path: `${folders("actions", "bulk", "defender", "engine", "queue", "results", "ops")}|^(producers|workers)/`,
    },
    planted: ["src/trace/planted.ts", "src/queue/planted-names.ts"],
  },
  {
    name: "parser-stays-in-its-thread",
    reason:
      "It takes 90 MB and blocks for a second while it loads: nobody imports it, a thread is started on it.",
    from: { path: OURS },
    to: { path: "^src/kql/parser\\.ts$" },
    planted: ["src/engine/planted-parser.ts", "src/kql/parser.ts"],
  },
  {
    name: "no-cycles",
    reason: "Modules in a circle can only be understood, tested and loaded together.",
    from: { path: "." },
    to: { circular: true },
    planted: ["src/planted-a.ts", "src/planted-b.ts", "src/planted-a.ts"],
  },
];

export const forbidden: IForbiddenRuleType[] = DIRECTIONS.map(({ name, reason, from, to }) => ({
  name,
  comment: reason,
  severity: "error",
  from,
  to,
}));

export interface TextRule {
  name: string;
  reason: string;
  appliesTo(path: string): boolean;
  isBroken(text: string): boolean;
  planted: { path: string; text: string };
}

const LONGEST_FILE_LINES = 250;

export const TEXT_RULES: readonly TextRule[] = [
  {
    name: "environment-only-in-config",
    reason: "Configuration is parsed once, at one edge.",
    appliesTo: (path) => new RegExp(OURS).test(path) && path !== "src/config.ts",
    isBroken: (text) => /\bprocess\s*(\.|\[["'`])env\b|\benv\b[^;]*from "node:process"/.test(text),
    planted: { path: "workers/planted.ts", text: `const level = process.env["LOG_LEVEL"];` },
  },
  {
    name: "audit-is-append-only",
    reason: "Streams are touched in one file, which takes nothing out but what is too old or too much.",
    appliesTo: (path) => new RegExp(OURS).test(path) && path !== "src/audit/trail.ts",
    // With a plus in front it is the right to do so, in the rules of a user of Redis.
    isBroken: (text) => /(?<!\(\+)\b(?:xadd|xtrim|xdel)\b/i.test(text),
    planted: { path: "src/ops/planted.ts", text: `await redis.xtrim(key, "MAXLEN", 0);` },
  },
  {
    name: "no-barrels",
    reason: "A file that only passes on what others export hides where things are, and loads all of them.",
    appliesTo: () => true,
    isBroken: (text) => {
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      const statements = code.split(";").filter((statement) => statement.trim() !== "");
      return statements.length > 0 && statements.every((one) => /^\s*export\b[\s\S]*\bfrom "/.test(one));
    },
    planted: {
      path: "src/kql/index.ts",
      text: `/** All. */\nexport * from "./query.ts";\nexport { a } from "./a.ts";\n`,
    },
  },
  {
    name: "short-files",
    reason: `Nothing past ${LONGEST_FILE_LINES} lines: split by noun.`,
    appliesTo: () => true,
    isBroken: (text) => text.trimEnd().split("\n").length > LONGEST_FILE_LINES,
    planted: { path: "src/engine/planted.ts", text: "run();\n".repeat(LONGEST_FILE_LINES + 1) },
  },
  {
    name: "settle-speaks-for-bullmq",
    reason: "BullMQ's special errors are matched by class and message; one file translates into them.",
    appliesTo: (path) => new RegExp(OURS).test(path) && path !== "src/engine/settle.ts",
    isBroken: (text) => /\b(Unrecoverable|Delayed|Waiting|WaitingChildren|RateLimit)Error\b/.test(text),
    planted: { path: "src/engine/planted.ts", text: "throw new DelayedError();" },
  },
];
