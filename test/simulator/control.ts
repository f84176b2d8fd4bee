/** The routes under `/_sim`, by which tests and people script the simulator and read its ledger. None of them is counted. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { faultScriptSchema } from "./faults.ts";
import type { Incident } from "./incident.ts";
import { parseJson } from "./json.ts";
import type { Arrival, Effect } from "./ledger.ts";
import { plainIncident, sevenDigits } from "./seeds.ts";
import type { SimulatorState } from "./state.ts";

const appSchema = z.strictObject({ tenant: z.string(), clientId: z.string(), clientSecret: z.string() });
const resetSchema = z.strictObject({ incidents: z.int().positive().exactOptional() });
const text = z.string().nullable();
const incidentChange = z.strictObject({
  status: z.string().exactOptional(),
  redirectIncidentId: text.exactOptional(),
  displayName: z.string().exactOptional(),
  assignedTo: text.exactOptional(),
  classification: z.string().exactOptional(),
  determination: z.string().exactOptional(),
  severity: z.string().exactOptional(),
  customTags: z.array(z.string()).exactOptional(),
  systemTags: z.array(z.string()).exactOptional(),
  description: text.exactOptional(),
  resolvingComment: text.exactOptional(),
  summary: text.exactOptional(),
  lastModifiedBy: z.string().exactOptional(),
  priorityScore: z.number().nullable().exactOptional(),
  comments: z
    .array(
      z.strictObject({ comment: z.string(), createdByDisplayName: z.string(), createdDateTime: z.string() }),
    )
    .exactOptional(),
});
const waitSchema = z.object({
  /** Regular expression over `METHOD path` of an arrival, `kind incidentId` of an effect. */
  match: z.string().default(""),
  count: z.coerce.number().int().positive().default(1),
  /** Only entries with a higher sequence number. */
  after: z.coerce.number().int().default(0),
  /** Only arrivals that were answered (or reset). */
  answered: z.stringbool().default(false),
  timeoutMs: z.coerce.number().int().positive().default(30_000),
});

/** Adds them; each body is checked, and answered with 422 and the reasons if it is wrong. */
export function addControlRoutes(app: FastifyInstance, state: SimulatorState): void {
  const { ledger } = state;

  app.get("/_sim/settings", () => state.settings);
  app.put("/_sim/settings", (request, reply) =>
    whenValid(z.record(z.string(), z.json()), request.body, reply, (change) => {
      state.change(change);
      return state.settings;
    }),
  );
  app.post("/_sim/faults", (request, reply) =>
    whenValid(faultScriptSchema, request.body, reply, (script) => {
      state.faults.add(script);
      return {};
    }),
  );
  app.delete("/_sim/faults", () => {
    state.faults.clear();
    return {};
  });
  app.post("/_sim/apps", (request, reply) =>
    whenValid(appSchema, request.body, reply, (added) => {
      state.tokens.addApp(added);
      return {};
    }),
  );
  app.delete("/_sim/tokens", () => {
    state.tokens.revokeAll();
    return {};
  });
  app.post("/_sim/reset", (request, reply) =>
    whenValid(resetSchema, request.body ?? "{}", reply, ({ incidents }) => {
      state.reset(incidents);
      return {};
    }),
  );

  app.get("/_sim/ledger", () => ledger.read());
  app.get("/_sim/effects/counts", () => ledger.countEffects());
  app.delete("/_sim/ledger", () => {
    ledger.clear();
    return {};
  });
  app.get("/_sim/arrivals/wait", (request, reply) =>
    wait(request.query, reply, ({ match, answered }) => {
      const pattern = new RegExp(match);
      return ledger
        .read()
        .arrivals.filter(
          (one: Arrival) => pattern.test(`${one.method} ${one.path}`) && (!answered || one.status !== null),
        );
    }),
  );
  app.get("/_sim/effects/wait", (request, reply) =>
    wait(request.query, reply, ({ match }) => {
      const pattern = new RegExp(match);
      return ledger.read().effects.filter((one: Effect) => pattern.test(`${one.kind} ${one.incidentId}`));
    }),
  );

  app.get("/_sim/incidents", () => state.store.allCurrent());
  app.get<{ Params: { id: string } }>("/_sim/incidents/:id", (request, reply) => {
    const incident = state.store.current(request.params.id);
    if (incident === undefined) return reply.code(404).send({ error: "no such incident" });
    return { ...incident, alerts: state.store.alertsOf(incident) };
  });
  app.put<{ Params: { id: string } }>("/_sim/incidents/:id", (request, reply) =>
    whenValid(incidentChange, request.body, reply, (change) => {
      const edited = editIncident(state, request.params.id, change);
      state.store.write(edited, 0);
      return edited;
    }),
  );

  async function wait<T extends { seq: number }>(
    query: unknown,
    reply: FastifyReply,
    find: (options: z.output<typeof waitSchema>) => T[],
  ) {
    const options = waitSchema.safeParse(query);
    if (!options.success) return reply.code(422).send({ error: z.prettifyError(options.error) });
    const { after, count, timeoutMs } = options.data;
    const found = await ledger.waitFor(
      () => find(options.data).filter((entry) => entry.seq > after),
      count,
      timeoutMs,
    );
    return reply.code(found.length >= count ? 200 : 408).send(found);
  }
}

/** An edit by somebody else, say another analyst; an unknown id becomes an incident. */
function editIncident(state: SimulatorState, id: string, change: z.output<typeof incidentChange>): Incident {
  const known = state.store.current(id) ?? plainIncident(Number(id), state.home.tenant, Date.now());
  return {
    ...known,
    lastModifiedBy: "analyst@contoso.com",
    ...change,
    lastUpdateDateTime: sevenDigits(Date.now()),
  };
}

function whenValid<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  reply: FastifyReply,
  act: (value: z.output<Schema>) => unknown,
): unknown {
  try {
    return act(schema.parse(typeof body === "string" ? parseJson(body) : body));
  } catch (error) {
    if (error instanceof z.ZodError) return reply.code(422).send({ error: z.prettifyError(error) });
    throw error;
  }
}
