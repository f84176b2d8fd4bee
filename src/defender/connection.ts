/** One configured Defender instance: its token, its way to the network and its lanes, shared by all jobs of a process. */
import { createHash } from "node:crypto";
import type { InstanceConfig } from "../config.ts";
import type { Lane } from "../contract/job.ts";
import type { DefenderConnection } from "../contract/ports.ts";
import { traced } from "../trace/tracer.ts";
import type { DefenderEvent, Wiring } from "./call.ts";
import { openDefender } from "./client.ts";
import { requestToken } from "./entra.ts";
import type { Gate } from "./gate.ts";
import { LIMITS, type Limits } from "./graph-call.ts";
import { openRowReader } from "./rows.ts";
import { TokenKeeper } from "./token.ts";
import { openTransport } from "./transport.ts";

export interface ConnectionOptions {
  onEvent?(event: DefenderEvent): void;
  limits?: Limits;
}

/** The gates are the caller's: instances on one quota share them, and the caller closes them. Sends nothing by itself. */
export function createConnection(
  instance: InstanceConfig,
  gates: Readonly<Record<Lane, Gate>>,
  { onEvent = () => {}, limits = LIMITS }: ConnectionOptions = {},
): DefenderConnection {
  const transport = openTransport(instance.egress);
  const rows = openRowReader();
  const tokens = new TokenKeeper(
    (claims) =>
      traced("token", { attributes: { "server.address": new URL(instance.loginRoot).hostname } }, () =>
        requestToken(instance, transport, limits.tokenDeadlineMs, claims),
      ),
    (failure) => onEvent({ kind: "token", failure }),
  );
  const wiring: Wiring = { graphRoot: instance.graphRoot, gates, tokens, transport, limits, onEvent };
  return {
    open: (context) => openDefender(wiring, rows, context),
    heldForMs: (lane, priority) => gates[lane].heldForMs(priority),
    async close() {
      await Promise.all([transport.close(), rows.close()]);
    },
  };
}

/** Names the gate of a lane: `incidents` is metered by tenant and app, `hunting` by tenant. */
export function gateId(
  { tenantId, clientId }: Pick<InstanceConfig, "tenantId" | "clientId">,
  lane: Lane,
): string {
  const owners = lane === "hunting" ? [tenantId] : [tenantId, clientId];
  const hash = createHash("sha256").update(JSON.stringify(owners).toLowerCase()).digest("hex");
  return `${lane}-${hash.slice(0, 16)}`;
}
