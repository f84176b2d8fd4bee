/** A Microsoft Defender over HTTP: token endpoint, incidents and hunting, under quotas and scripted faults. Shares no code with `src`. */
import { randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import fastify, { type FastifyInstance } from "fastify";
import { addControlRoutes } from "./control.ts";
import { addRoutes } from "./routes.ts";
import { type SettingsInput, settingsSchema } from "./settings.ts";
import { createState } from "./state.ts";
import type { App } from "./token.ts";

export interface SimulatorOptions extends SettingsInput {
  host?: string;
  /** 0 or none: a free one. */
  port?: number;
  tenant?: string;
  clientId?: string;
  clientSecret?: string;
  /** How many incidents are seeded. */
  incidents?: number;
  /** Loads the query parser before listening, not at the first query. */
  warmUp?: boolean;
  tls?: { key: string; cert: string };
}

export interface Simulator extends App {
  url: string;
  close(): Promise<void>;
}

const defaultIncidents = 60;
/** A gateway in front of Graph refuses bodies of about this size (reference: 1.9). */
const bodyLimitBytes = 1_048_576;

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const {
    host = "127.0.0.1",
    port = 0,
    tls,
    tenant,
    clientId,
    clientSecret,
    incidents,
    warmUp = false,
    ...settings
  } = options;
  const home: App = {
    tenant: tenant ?? randomUUID(),
    clientId: clientId ?? randomUUID(),
    clientSecret: clientSecret ?? randomBytes(24).toString("base64url"),
  };
  const state = createState(home, settingsSchema.parse(settings), incidents ?? defaultIncidents);
  if (warmUp) state.hunting.warmUp();
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    serverFactory: (handler) => (tls === undefined ? createServer(handler) : createTlsServer(tls, handler)),
  });
  readBodiesAsText(app);
  addRoutes(app, state);
  addControlRoutes(app, state);
  const address = await app.listen({ host, port });
  // Fastify does not know that the server it was given speaks TLS.
  const url = tls === undefined ? address : address.replace("http:", "https:");
  return { url, ...home, close: () => app.close() };
}

/** Bodies reach the routes as text: what is wrong with them is for the routes to say, in Graph's words. */
function readBodiesAsText(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
}
