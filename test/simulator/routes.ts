/** The routes of the login host and of Graph, and the layers that a request passes: token, quota, fault, route. */
import type { FastifyInstance, FastifyRequest, HTTPMethods } from "fastify";
import { type Answer, type Call, GraphError, gatewayPage } from "./answer.ts";
import { deliver, faultAnswer } from "./deliver.ts";
import { hasEffect } from "./faults.ts";
import { addComment, getIncident, type IncidentContext, listIncidents, patchIncident } from "./incidents.ts";
import { type Arrival, type Lane, nowMs } from "./ledger.ts";
import { openArrival, readBody, readCall, recordedBody } from "./requests.ts";
import type { SimulatorState } from "./state.ts";
import type { Caller } from "./token.ts";

type Serve = (call: Call, caller: Caller) => Answer;

interface Visit {
  call: Call;
  arrival: Arrival;
  caller: Caller;
  /** What the token check or the quota answers instead of the route. */
  refused: Answer | undefined;
}

const nobody: Caller = { tenant: "", clientId: "", roles: [], expiresAtMs: 0 };

export function addRoutes(app: FastifyInstance, state: SimulatorState): void {
  const { ledger } = state;
  const visits = new WeakMap<FastifyRequest, Visit>();

  const finish = (arrival: Arrival | undefined) => (status: Arrival["status"]) => {
    if (arrival === undefined) return;
    arrival.status = status;
    ledger.changed();
  };

  const enter = (request: FastifyRequest, lane: Lane): Visit => {
    const call = readCall(request);
    const arrival = openArrival(call, lane, nowMs());
    ledger.add({ list: "arrivals", entry: arrival });
    return { call, arrival, ...admit(state, call, arrival) };
  };

  const route = (method: HTTPMethods, url: string, lane: Lane, serve: Serve) => {
    app.route({
      method,
      url,
      // The quota counts a request when its head is in, however long its body takes.
      onRequest: async (request) => {
        visits.set(request, enter(request, lane));
      },
      handler: async (request, reply) => {
        const { call, arrival, caller, refused } = visits.get(request) ?? enter(request, lane);
        call.body = readBody(request);
        if (ledger.enabled) arrival.body = recordedBody(call, lane);
        const fault = arrival.rejected ? undefined : state.faults.take(call);
        arrival.faulted = fault !== undefined;
        const reaches = fault === undefined || hasEffect(fault);
        const own = refused ?? (reaches ? answerOf(call, () => serve(call, caller)) : undefined);
        const sent = (fault && faultAnswer(fault, call)) ?? own ?? { status: 200, body: "" };
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
    const { call, arrival } = enter(request, "other");
    const segment = call.path.split("/").at(-1) ?? "";
    const error = new GraphError(400, "BadRequest", `Resource not found for the segment '${segment}'.`);
    await deliver(reply, error.toAnswer(call), undefined, finish(arrival));
    return reply;
  });
  app.setErrorHandler(async (error: { statusCode?: number }, request, reply) => {
    const tooLarge = error.statusCode === 413;
    if (!tooLarge) console.error(error);
    const page = tooLarge
      ? gatewayPage(413, "Request Entity Too Large")
      : gatewayPage(500, "Simulator Error");
    await deliver(reply, page, undefined, finish(visits.get(request)?.arrival));
    return reply;
  });
}

/** Checks token and quota of the lanes that have them, and notes both in the arrival. */
function admit(state: SimulatorState, call: Call, arrival: Arrival): Pick<Visit, "caller" | "refused"> {
  const { lane } = arrival;
  if (lane === "token" || lane === "other") return { caller: nobody, refused: undefined };
  let caller = nobody;
  const refused = answerOf(call, () => {
    caller = state.tokens.caller(call);
    arrival.tenant = caller.tenant;
    arrival.counted = true;
    state.throttle.check(lane, caller, arrival.timeMs, state.settings);
    return undefined;
  });
  arrival.rejected = refused?.status === 429;
  return { caller, refused };
}

/** What was returned, or the answer that was thrown. */
function answerOf<T>(call: Call, serve: () => T): T | Answer {
  try {
    return serve();
  } catch (error) {
    if (error instanceof GraphError) return error.toAnswer(call);
    throw error;
  }
}
