/** One configured Defender connection, from variables that may carry its name (`CONTOSO__AZURE_TENANT_ID`). */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { LANES, type Lane } from "../contract/job.ts";
import { CLOUD_ROOTS, type Cloud } from "../defender/clouds.ts";
import { CREDENTIAL_VARIABLES, type Credential, readCredential } from "./credential.ts";
import { type Environment, read, type Scope } from "./environment.ts";
import {
  flag,
  identifier,
  limits,
  moment,
  oneOf,
  proxyUrl,
  root,
  share,
  someOf,
  type Window,
} from "./fields.ts";

/** How token and Graph calls alike reach the network. */
export interface Egress {
  verifySsl: boolean;
  /** Proxy URL, or null; hosts in `noProxy` (comma-separated, as usual) are reached directly. */
  httpsProxy: string | null;
  noProxy: string;
}

/** Roots are URLs without a trailing slash: as a rule origins, but a path in front of the API is kept. */
export interface InstanceConfig {
  name: string;
  cloud: Cloud;
  tenantId: string;
  clientId: string;
  credential: Credential;
  /** When a secret ends, which only people can know. */
  secretExpiresAtMs?: number | undefined;
  loginRoot: string;
  graphRoot: string;
  lanes: readonly Lane[];
  /** False: a dry run. Everything runs, and no write is sent. */
  writes: boolean;
  limits: Readonly<Record<Lane, readonly Window[]>>;
  /** The part of every window that bulk calls may hold, between 0 and 1. */
  bulkShare: number;
  egress: Egress;
}

const CLOUDS: readonly Cloud[] = ["global", "gcc", "gcc-high", "dod"];

export const connectionVariables = z.object({
  AZURE_TENANT_ID: identifier("the tenant's id or domain; not common, organizations or consumers", [
    "common",
    "organizations",
    "consumers",
  ]),
  AZURE_CLIENT_ID: identifier("the application (client) id of the app registration"),
  AZURE_CLIENT_SECRET_EXPIRES: moment.optional(),
  DEFENDER_CLOUD: oneOf(CLOUDS, " (china has no security API)").default("global"),
  LOGIN_API_ROOT: root.optional(),
  GRAPH_API_ROOT: root.optional(),
  VERIFY_SSL: flag.default(true),
  HTTPS_PROXY: proxyUrl.optional(),
  NO_PROXY: z.string().default(""),
  // Four fifths of what is documented, for others draw on it too.
  DEFENDER_INCIDENT_LIMITS: limits.prefault("120/1m"),
  DEFENDER_HUNTING_LIMITS: limits.prefault("36/1m"),
  BULK_SHARE: share.prefault("80%"),
  DEFENDER_WRITES: flag.default(true),
  LANES: someOf(LANES).prefault("incidents,hunting"),
});

/** Every variable that an instance has, without its name in front. */
export const INSTANCE_VARIABLES: readonly string[] = [
  ...Object.keys(connectionVariables.shape),
  ...CREDENTIAL_VARIABLES,
];

/** The unprefixed variables are those of `default`. */
export const DEFAULT_INSTANCE = "default";

export function prefixOf(instance: string): string {
  return instance === DEFAULT_INSTANCE ? "" : `${instance.toUpperCase().replaceAll("-", "_")}__`;
}

/** Identity is an instance's own; the rest falls back to the unprefixed variable. */
function scopeOf(instance: string, environment: Environment): Scope {
  const prefix = prefixOf(instance);
  // An instance with a cloud of its own must not be sent to the roots of another.
  const ownCloud = environment[`${prefix}DEFENDER_CLOUD`] !== undefined;
  const given: Record<string, string> = {};
  const inherited = new Set<string>();
  for (const variable of INSTANCE_VARIABLES) {
    const own = environment[prefix + variable];
    const falls = !variable.startsWith("AZURE_") && !(ownCloud && variable.endsWith("_API_ROOT"));
    const value = own ?? (falls ? environment[variable] : undefined);
    if (value !== undefined) given[variable] = value;
    if (own === undefined && falls) inherited.add(variable);
  }
  return { given, nameOf: (variable) => (inherited.has(variable) ? variable : prefix + variable) };
}

/** Null when `problems` got new ones. */
export function readInstance(
  name: string,
  environment: Environment,
  problems: string[],
): InstanceConfig | null {
  const scope = scopeOf(name, environment);
  const given = read(connectionVariables, scope, problems);
  const credential = readCredential(scope, problems);
  if (given === null || credential === null) return null;
  const cloud = CLOUD_ROOTS[given.DEFENDER_CLOUD];
  return {
    name,
    cloud: given.DEFENDER_CLOUD,
    tenantId: given.AZURE_TENANT_ID,
    clientId: given.AZURE_CLIENT_ID,
    credential,
    secretExpiresAtMs: given.AZURE_CLIENT_SECRET_EXPIRES,
    loginRoot: given.LOGIN_API_ROOT ?? cloud.login,
    graphRoot: given.GRAPH_API_ROOT ?? cloud.graph,
    lanes: given.LANES,
    writes: given.DEFENDER_WRITES,
    limits: { incidents: given.DEFENDER_INCIDENT_LIMITS, hunting: given.DEFENDER_HUNTING_LIMITS },
    bulkShare: given.BULK_SHARE,
    egress: { verifySsl: given.VERIFY_SSL, httpsProxy: given.HTTPS_PROXY ?? null, noProxy: given.NO_PROXY },
  };
}

/** What a gate is shared by: incidents by tenant and app, hunting by tenant. */
const GATES: Readonly<
  Record<Lane, { variable: string; same: string; of(instance: InstanceConfig): string }>
> = {
  incidents: {
    variable: "DEFENDER_INCIDENT_LIMITS",
    same: "tenant and app",
    of: ({ tenantId, clientId }) => `${tenantId}/${clientId}`.toLowerCase(),
  },
  hunting: {
    variable: "DEFENDER_HUNTING_LIMITS",
    same: "tenant",
    of: ({ tenantId }) => tenantId.toLowerCase(),
  },
};

/** Instances on one gate must agree on its limits: whichever came first would bind the other. */
export function checkGates(instances: readonly InstanceConfig[], problems: string[]): void {
  for (const lane of LANES) {
    const { variable, same, of } = GATES[lane];
    const first = new Map<string, InstanceConfig>();
    for (const instance of instances.filter(({ lanes }) => lanes.includes(lane))) {
      const other = first.get(of(instance));
      if (other === undefined) first.set(of(instance), instance);
      else if (
        !isDeepStrictEqual([instance.limits[lane], instance.bulkShare], [other.limits[lane], other.bulkShare])
      )
        problems.push(
          `${prefixOf(instance.name)}${variable}: ${instance.name} and ${other.name} spend from one quota (same ${same}); ` +
            `given different limits; allowed: the same ${variable} and BULK_SHARE for both`,
        );
    }
  }
}
