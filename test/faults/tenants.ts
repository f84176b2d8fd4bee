/** Further tenants of a rig: each an instance, with gates of its own. */
import { randomUUID } from "node:crypto";
import type { Rig } from "../support/rig.ts";

export interface Tenants {
  /** What a worker needs to serve them beside the default instance. */
  env: Readonly<Record<string, string>>;
  /** The tenant of each instance, `default` included, as the ledger names it. */
  of: Readonly<Record<string, string>>;
}

export async function addTenants(rig: Rig, names: readonly string[]): Promise<Tenants> {
  const env: Record<string, string> = { INSTANCES: names.join(",") };
  const of: Record<string, string> = { default: rig.env["AZURE_TENANT_ID"] ?? "" };
  for (const name of names) {
    const app = { tenant: randomUUID(), clientId: randomUUID(), clientSecret: rig.clientSecret };
    await rig.simulator.addApp(app);
    const prefix = `${name.toUpperCase().replaceAll("-", "_")}__AZURE`;
    env[`${prefix}_TENANT_ID`] = app.tenant;
    env[`${prefix}_CLIENT_ID`] = app.clientId;
    env[`${prefix}_CLIENT_SECRET`] = app.clientSecret;
    of[name] = app.tenant;
  }
  return { env, of };
}
