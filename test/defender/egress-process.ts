/** Gets one incident as its environment says (LOGIN, GRAPH, PROXY) and prints it, or the failure. */
import { toFailure } from "../../src/contract/failure.ts";
import { createConnection } from "../../src/defender/connection.ts";
import type { Gate } from "../../src/defender/gate.ts";

const { LOGIN = "", GRAPH = "", PROXY = "" } = process.env;
const gate: Gate = {
  run: (_passage, call) => call(() => {}, 0),
  pause: async () => 0,
  heldForMs: async () => 0,
  limit: async () => ({ share: 1, lowered: null }),
  windows: async () => [],
  close: async () => {},
};
const connection = createConnection(
  {
    name: "default",
    cloud: "global",
    tenantId: "contoso.com",
    clientId: "22222222-2222-2222-2222-222222222222",
    credential: { kind: "secret", secret: { value: "secret" } },
    loginRoot: LOGIN,
    graphRoot: GRAPH,
    lanes: ["incidents"],
    writes: true,
    limits: { incidents: [], hunting: [] },
    bulkShare: 0.8,
    egress: { verifySsl: true, httpsProxy: PROXY, noProxy: "" },
  },
  { incidents: gate, hunting: gate },
);
const defender = connection.open({
  priority: "interactive",
  signal: new AbortController().signal,
  waitsForSlot: true,
  expiresAtMs: null,
  beforeSend: async () => {},
});
const outcome = await defender.getIncident("29").catch((error: unknown) => toFailure(error).toRecord());
console.log(JSON.stringify(outcome));
await connection.close();
