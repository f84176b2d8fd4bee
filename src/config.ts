/** Configuration: the environment, parsed once at the edge. Nothing else reads `process.env`. */
import { z } from "zod";
import { Failure } from "./contract/failure.ts";
import { instanceNameSchema } from "./contract/job.ts";
import { type ArmedFault, FAULT_POINTS, FAULT_SIGNALS } from "./fault-point.ts";
import { type ApiSettings, apiVariables, toApiSettings } from "./settings/api.ts";
import { cleanEnvironment, type Environment, read, type Scope, withFile } from "./settings/environment.ts";
import { oneOf, splitList } from "./settings/fields.ts";
import {
  checkGates,
  connectionVariables,
  DEFAULT_INSTANCE,
  INSTANCE_VARIABLES,
  type InstanceConfig,
  readInstance,
} from "./settings/instance.ts";
import { type OpsSettings, opsVariables, SECRET_URLS, toOpsSettings } from "./settings/ops.ts";
import { type RedisConfig, redisVariables, toRedisConfig } from "./settings/redis.ts";
import {
  resultWebhookVariables,
  toWebhookSettings,
  type WebhookSettings,
} from "./settings/result-webhook.ts";
import { type TraceSettings, toTraceSettings, traceVariables } from "./settings/traces.ts";
import { type LogLevel, logVariables, noticesOf, workerVariables } from "./settings/worker.ts";

export type { Cloud } from "./defender/clouds.ts";
export type { ApiSettings } from "./settings/api.ts";
export type { Credential, SecretSource } from "./settings/credential.ts";
export type { Window } from "./settings/fields.ts";
export type { Egress, InstanceConfig } from "./settings/instance.ts";
export type { UsersSource } from "./settings/ops.ts";
export type { RedisConfig } from "./settings/redis.ts";
export type { WebhookSettings } from "./settings/result-webhook.ts";
export type { TraceSettings } from "./settings/traces.ts";
export type { LogLevel } from "./settings/worker.ts";

/** What a producer may know: no credential among it. */
export interface ProducerConfig {
  redis: RedisConfig;
  /** Null: no traces. */
  traces: TraceSettings | null;
}

export interface WorkerConfig {
  redis: RedisConfig;
  instances: readonly InstanceConfig[];
  /** Jobs of one queue that run at once in one process. */
  concurrency: number;
  jobExpiresAfterMs: number;
  commentSettleMs: number;
  commentReference: "on" | "case" | "off";
  strictDetermination: boolean;
  /** Whether what is no KQL is refused, or sent with a warning. */
  preflight: "on" | "warn";
  shutdownTimeoutMs: number;
  resultTtlMs: number;
  bulkResultTtlMs: number;
  /** How much of a query's answer lies in the result itself: so many rows, in so many bytes of JSON. */
  inlineLimit: { rows: number; bytes: number };
  /** Where final results are sent; null: nowhere. */
  webhook: WebhookSettings | null;
  /** How long entries of the audit trail are kept. */
  auditTtlMs: number;
  /** Bytes that all rows may take together; null: half of what Redis may, 0: no limit. */
  resultMemory: number | null;
  /** Health and metrics of the worker; null: none. Port 0 takes a free one. */
  listen: { host: string; port: number } | null;
  /** Null: no traces. */
  traces: TraceSettings | null;
  logLevel: LogLevel;
  /** What an operator should know although the configuration is good; said once at start. */
  notices: readonly string[];
}

export interface ApiConfig extends ApiSettings {
  redis: RedisConfig;
  /** Null: no traces. */
  traces: TraceSettings | null;
  logLevel: LogLevel;
}

export interface OpsConfig extends OpsSettings {
  redis: RedisConfig;
  /** Null: no traces. */
  traces: TraceSettings | null;
  logLevel: LogLevel;
}

const instanceList = z.object({
  INSTANCES: z.string().default("").transform(splitList).pipe(z.array(instanceNameSchema)),
});

const faultVariables = z.object({
  FAULT_POINT: oneOf(FAULT_POINTS).optional(),
  FAULT_SIGNAL: oneOf(FAULT_SIGNALS).default("SIGKILL"),
});

const SCHEMAS = [
  redisVariables,
  instanceList,
  workerVariables,
  resultWebhookVariables,
  opsVariables,
  apiVariables,
  traceVariables,
  faultVariables,
  connectionVariables,
];

/** How each variable is read; those of a credential are judged together, and are not among them. */
export const VARIABLE_SCHEMAS: ReadonlyMap<string, z.ZodType> = new Map(
  SCHEMAS.flatMap(({ shape }) => Object.entries<z.ZodType>(shape)),
);

/** All variables that we read, without the names of instances in front. */
export const VARIABLES: ReadonlySet<string> = new Set([...VARIABLE_SCHEMAS.keys(), ...INSTANCE_VARIABLES]);

type RawEnvironment = Readonly<Record<string, string | undefined>>;

const unprefixed = (environment: Environment): Scope => ({ given: environment, nameOf: (name) => name });

/** `REDIS_URL` may lie in a file, for it carries a password, and so may others that are secret. */
function open(raw: RawEnvironment, problems: string[], secrets: readonly string[] = []): Environment {
  return ["REDIS_URL", ...secrets].reduce(
    (environment, name) => withFile(environment, name, problems),
    cleanEnvironment(raw),
  );
}

function refuse(problems: readonly string[]): never {
  throw new Failure("invalid_input", [...new Set(problems)].join("\n"), {
    hint: "Correct the environment variables that are named; .env.example lists all.",
  });
}

/** Throws `invalid_input` with one line for each bad variable, as the other loaders do. */
export function loadProducerConfig(raw: RawEnvironment = process.env): ProducerConfig {
  const problems: string[] = [];
  const scope = unprefixed(open(raw, problems));
  const redis = read(redisVariables, scope, problems);
  const traces = read(traceVariables, scope, problems);
  if (redis === null || traces === null || problems.length > 0) return refuse(problems);
  return { redis: toRedisConfig(redis), traces: toTraceSettings(traces) };
}

/** The fault that a test wants of this process; null for none. */
export function loadFault(raw: RawEnvironment = process.env): ArmedFault | null {
  const problems: string[] = [];
  const fault = read(faultVariables, unprefixed(cleanEnvironment(raw)), problems);
  if (fault === null) return refuse(problems);
  return fault.FAULT_POINT === undefined ? null : { point: fault.FAULT_POINT, signal: fault.FAULT_SIGNAL };
}

export function loadApiConfig(raw: RawEnvironment = process.env): ApiConfig {
  const problems: string[] = [];
  const scope = unprefixed(open(raw, problems));
  const redis = read(redisVariables, scope, problems);
  const log = read(logVariables, scope, problems);
  const api = read(apiVariables, scope, problems);
  const traces = read(traceVariables, scope, problems);
  if (redis === null || log === null || api === null || traces === null || problems.length > 0)
    return refuse(problems);
  return {
    redis: toRedisConfig(redis),
    traces: toTraceSettings(traces),
    logLevel: log.LOG_LEVEL,
    ...toApiSettings(api),
  };
}

export function loadOpsConfig(raw: RawEnvironment = process.env): OpsConfig {
  const problems: string[] = [];
  const scope = unprefixed(open(raw, problems, SECRET_URLS));
  const redis = read(redisVariables, scope, problems);
  const log = read(logVariables, scope, problems);
  const ops = read(opsVariables, scope, problems);
  const traces = read(traceVariables, scope, problems);
  if (redis === null || log === null || ops === null || traces === null || problems.length > 0)
    return refuse(problems);
  return {
    redis: toRedisConfig(redis),
    traces: toTraceSettings(traces),
    logLevel: log.LOG_LEVEL,
    ...toOpsSettings(ops),
  };
}

/** `INSTANCES`, and `default` when its identity is given or there is no other. */
function instanceNames(listed: readonly string[], environment: Environment): string[] {
  const hasDefault = INSTANCE_VARIABLES.some(
    (name) => name.startsWith("AZURE_") && environment[name] !== undefined,
  );
  return [...new Set(hasDefault || listed.length === 0 ? [DEFAULT_INSTANCE, ...listed] : listed)];
}

/** Secrets stay where they are: only their sources are checked here. */
export function loadWorkerConfig(raw: RawEnvironment = process.env): WorkerConfig {
  const problems: string[] = [];
  const environment = open(raw, problems);
  const redis = read(redisVariables, unprefixed(environment), problems);
  const worker = read(workerVariables, unprefixed(environment), problems);
  const traces = read(traceVariables, unprefixed(environment), problems);
  const listed = read(instanceList, unprefixed(environment), problems);
  const webhook = read(resultWebhookVariables, unprefixed(environment), problems);
  const names = listed === null ? [] : instanceNames(listed.INSTANCES, environment);
  const instances = names
    .map((name) => readInstance(name, environment, problems))
    .filter((instance) => instance !== null);
  checkGates(instances, problems);
  if (redis === null || worker === null || webhook === null || traces === null || problems.length > 0)
    return refuse(problems);
  return {
    redis: toRedisConfig(redis),
    instances,
    concurrency: worker.WORKER_CONCURRENCY,
    jobExpiresAfterMs: worker.JOB_EXPIRES_AFTER,
    commentSettleMs: worker.COMMENT_SETTLE,
    commentReference: worker.COMMENT_REFERENCE,
    strictDetermination: worker.STRICT_DETERMINATION,
    preflight: worker.PREFLIGHT,
    shutdownTimeoutMs: worker.SHUTDOWN_TIMEOUT,
    resultTtlMs: worker.RESULT_TTL,
    bulkResultTtlMs: worker.BULK_RESULT_TTL,
    inlineLimit: { rows: worker.RESULT_INLINE_ROWS, bytes: worker.RESULT_INLINE_BYTES },
    webhook: toWebhookSettings(webhook),
    auditTtlMs: worker.AUDIT_TTL,
    resultMemory: worker.RESULT_MEMORY ?? null,
    listen: worker.WORKER_PORT === undefined ? null : { host: worker.WORKER_HOST, port: worker.WORKER_PORT },
    traces: toTraceSettings(traces),
    logLevel: worker.LOG_LEVEL,
    notices: noticesOf(worker, instances),
  };
}
