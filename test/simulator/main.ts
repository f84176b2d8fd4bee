/** `npm run simulator`: the simulator as a program of its own. Standard output holds one line of JSON; hints go to standard error. */
import { parseArgs } from "node:util";
import { startSimulator } from "./simulator.ts";

const usage = `usage: simulator [--port N] [--host ADDRESS] [--tenant GUID] [--client-id GUID] [--incidents N] [--no-warm-up]
The environment may give AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, PORT and HOST; what is missing is made up.`;

const { env } = process;
const { values } = parseArgs({
  options: {
    port: { type: "string", default: env["PORT"] ?? "0" },
    host: { type: "string", default: env["HOST"] ?? "127.0.0.1" },
    tenant: { type: "string" },
    "client-id": { type: "string" },
    incidents: { type: "string" },
    "no-warm-up": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.error(usage);
  process.exit(0);
}

const tenant = values.tenant ?? env["AZURE_TENANT_ID"];
const clientId = values["client-id"] ?? env["AZURE_CLIENT_ID"];
const clientSecret = env["AZURE_CLIENT_SECRET"];
// Loaded now: half a second of parsing later would hold up the clock of every arrival.
const simulator = await startSimulator({
  warmUp: !values["no-warm-up"],
  host: values.host,
  port: Number(values.port),
  ...(tenant === undefined ? {} : { tenant }),
  ...(clientId === undefined ? {} : { clientId }),
  ...(clientSecret === undefined ? {} : { clientSecret }),
  ...(values.incidents === undefined ? {} : { incidents: Number(values.incidents) }),
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, async () => {
    await simulator.close();
    process.exit(0);
  });
}

const { url, close: _close, ...app } = simulator;
process.stdout.write(`${JSON.stringify({ url, ...app })}\n`);
process.stderr.write(`A simulated Defender listens on ${url}. To use it:
  export LOGIN_API_ROOT=${url} GRAPH_API_ROOT=${url}
  export AZURE_TENANT_ID=${app.tenant} AZURE_CLIENT_ID=${app.clientId}
  export AZURE_CLIENT_SECRET=${app.clientSecret}
`);
