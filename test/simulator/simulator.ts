/** A Microsoft Defender over HTTP: token endpoint, incidents and hunting, under quotas and scripted faults. Shares no code with `src`. */
import { randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
} from "fastify";
import { type Answer, type Call, GraphError, gatewayPage } from "./answer.ts";
import { addControlRoutes } from "./control.ts";
import { deliver, faultAnswer } from "./deliver.ts";
import { hasEffect } from "./faults.ts";
import { addComment, getIncident, type IncidentContext, listIncidents, patchIncident } from "./incidents.ts";
import { type Arrival, type Lane, nowMs } from "./ledger.ts";
import { openArrival, readCall, recordedBody } from "./requests.ts";
import { type SettingsInput, settingsSchema } from "./settings.ts";
import { createState, type SimulatorState } from "./state.ts";
import type { App, Caller } from "./token.ts";

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

type Serve = (call: Call, caller: Caller) => Answer | Promise<Answer>;

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
  const url = await app.listen({ host, port });
  return { url, ...home, close: () => app.close() };
}

/** Bodies reach the routes as text: what is wrong with them is for the routes to say, in Graph's words. */
function readBodiesAsText(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
}

function addRoutes(app: FastifyInstance, state: SimulatorState): void {
  const arrivals = new WeakMap<FastifyRequest, Arrival>();
  const { ledger } = state;

  app.addHook("onRequest", async (request) => {
    if (request.url.startsWith("/_sim/")) return;
    const arrival = openArrival(request, nowMs());
    arrivals.set(request, arrival);
    ledger.add({ list: "arrivals", entry: arrival });
  });

  const finish = (arrival: Arrival | undefined) => (status: Arrival["status"]) => {
    if (arrival === undefined) return;
    arrival.status = status;
    ledger.changed();
  };

  /** Serves one request: who calls, quota, fault, route, in the order in which Graph's layers meet it. */
  const route = (method: HTTPMethods, url: string, lane: Lane, serve: Serve) => {
    app.route({
      method,
      url,
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const call = readCall(request);
        const arrival = arrivals.get(request);
        if (arrival !== undefined) {
          arrival.lane = lane;
          arrival.body = recordedBody(call, lane);
          call.requestId = arrival.requestId;
        }
        const admitted = admit(state, lane, call, arrival);
        const fault = admitted.throttled ? undefined : state.faults.take(call);
        if (arrival !== undefined) arrival.faulted = fault !== undefined;
        ledger.changed();
        let answer: Answer | undefined = admitted.refused;
        if (fault === undefined || hasEffect(fault)) {
          answer ??= await serveSafely(call, () => serve(call, admitted.caller));
        }
        const sent = (fault && faultAnswer(fault, call)) ?? answer ?? { status: 200, body: "" };
        await deliver(reply, sent, fault, finish(arrival));
        return reply;
      },
    });
  };

  const incidentRoute = (
    method: HTTPMethods,
    url: string,
    serve: (call: Call, context: IncidentContext) => Answer,
  ) =>
    route(method, url, "incidents", (call, caller) =>
      serve(call, {
        store: state.store,
        settings: state.settings,
        caller,
        applied: (effect) => ledger.add({ list: "effects", entry: { seq: 0, timeMs: nowMs(), ...effect } }),
      }),
    );

  route("POST", "/:tenant/oauth2/v2.0/token", "token", (call) => state.tokens.issue(call, state.settings));
  route("GET", "/:tenant/v2.0/.well-known/openid-configuration", "token", (call) =>
    state.tokens.discover(call),
  );
  incidentRoute("GET", "/v1.0/security/incidents", listIncidents);
  incidentRoute("GET", "/v1.0/security/incidents/:id", getIncident);
  incidentRoute("PATCH", "/v1.0/security/incidents/:id", patchIncident);
  incidentRoute("POST", "/v1.0/security/incidents/:id/comments", addComment);
  route("POST", "/v1.0/security/runHuntingQuery", "hunting", (call, caller) =>
    state.hunting.run(call, caller, state.settings),
  );

  app.setNotFoundHandler(async (request, reply) => {
    const call = readCall(request);
    const segment = call.path.split("/").at(-1) ?? "";
    const error = new GraphError(400, "BadRequest", `Resource not found for the segment '${segment}'.`);
    await deliver(reply, error.toAnswer(call), undefined, finish(arrivals.get(request)));
    return reply;
  });
  app.setErrorHandler(async (error: { statusCode?: number }, request, reply) => {
    const page =
      error.statusCode === 413
        ? gatewayPage(413, "Request Entity Too Large")
        : gatewayPage(500, "Simulator Error");
    if (error.statusCode !== 413) console.error(error);
    await deliver(reply, page, undefined, finish(arrivals.get(request)));
    return reply;
  });
}

const nobody: Caller = { tenant: "", clientId: "", roles: [], expiresAtMs: 0 };

interface Admission {
  caller: Caller;
  /** The answer that the token check or the quota already gave. */
  refused?: Answer;
  throttled: boolean;
}

function admit(state: SimulatorState, lane: Lane, call: Call, arrival: Arrival | undefined): Admission {
  if (lane === "token" || lane === "other") return { caller: nobody, throttled: false };
  let caller = nobody;
  try {
    caller = state.tokens.caller(call);
    if (arrival !== undefined) {
      arrival.tenant = caller.tenant;
      arrival.counted = true;
    }
    state.throttle.check(lane, caller, arrival?.timeMs ?? nowMs(), state.settings);
    return { caller, throttled: false };
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const throttled = error.status === 429;
    if (arrival !== undefined) arrival.rejected = throttled;
    return { caller, refused: error.toAnswer(call), throttled };
  }
}

async function serveSafely(call: Call, serve: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await serve();
  } catch (error) {
    if (error instanceof GraphError) return error.toAnswer(call);
    throw error;
  }
}
