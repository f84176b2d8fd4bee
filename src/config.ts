/** Configuration: the environment, parsed once at the edge. Nothing else reads `process.env`. */
import type { Lane } from "./contract/job.ts";

/** At most `calls` in any `windowMs` milliseconds. */
export interface Window {
  calls: number;
  windowMs: number;
}

/** Where a secret comes from; a file is read anew each time, so that a rotated one is seen. */
export type SecretSource = { value: string } | { file: string };

export type Credential =
  | { kind: "secret"; secret: SecretSource }
  | { kind: "certificate"; path: string; password: SecretSource | null }
  | { kind: "federated"; tokenFile: string };

export const CLOUDS = ["global", "gcc", "gcc-high", "dod"] as const;
export type Cloud = (typeof CLOUDS)[number];

/** How token and Graph calls alike reach the network. */
export interface Egress {
  verifySsl: boolean;
  /** Proxy URL, or null; hosts in `noProxy` (comma-separated, as usual) are reached directly. */
  httpsProxy: string | null;
  noProxy: string;
}

/** One configured Defender connection. Roots are origins without a trailing slash. */
export interface InstanceConfig {
  name: string;
  cloud: Cloud;
  tenantId: string;
  clientId: string;
  credential: Credential;
  loginRoot: string;
  graphRoot: string;
  lanes: readonly Lane[];
  limits: Readonly<Record<Lane, readonly Window[]>>;
  /** The part of every window that bulk calls may hold, between 0 and 1. */
  bulkShare: number;
  egress: Egress;
}

export interface RedisConfig {
  url: string;
  mode: "single" | "sentinel" | "cluster";
  sentinelName: string | null;
  /** Separates SOARs whose case ids may collide. */
  prefix: string;
}

/** What a producer may know: no credential among it. */
export interface ProducerConfig {
  redis: RedisConfig;
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
  shutdownTimeoutMs: number;
  resultTtlMs: number;
  inlineRows: number;
  /** Health and metrics of the worker; null: none. */
  listen: { host: string; port: number } | null;
  logLevel: string;
}

export interface OpsConfig {
  redis: RedisConfig;
  host: string;
  port: number;
  writable: boolean;
  logLevel: string;
}
