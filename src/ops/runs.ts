/** `/runs`: bulk runs with their bars, live while they are at work; one with its failed and skipped incidents, its report, and what steers it. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { html } from "ghtml";
import { z } from "zod";
import { REPORT_HEADER, toReportRecord } from "../bulk/report-record.ts";
import { isOver, type Outcome, type RunState, type RunStatus } from "../bulk/run.ts";
import type { RunReader } from "../bulk/run-reader.ts";
import type { RunStore } from "../bulk/run-store.ts";
import { Failure } from "../contract/failure.ts";
import { keysOf } from "../contract/table.ts";
import type { Log } from "../log.ts";
import type { Queues } from "../queue/queues.ts";
import { addTickets } from "../queue/run-tickets.ts";
import { toCsv } from "../results/csv.ts";
import type { Caller } from "./caller.ts";
import { sendChanges, stampOf, watchFor } from "./changes.ts";
import { sendPage } from "./page.ts";
import { link, runLink } from "./paging.ts";
import {
  MISSES_PER_PAGE,
  RUNS_PER_PAGE,
  renderQuestion,
  renderRunPage,
  renderRuns,
  VERBS,
  type Verb,
} from "./run-page.ts";
import { missesOf } from "./run-text.ts";

/** Lines of a report that are sent at once. */
const LINES_AT_ONCE = 500;

/** In which states an operator may do what. */
const ALLOWED: Readonly<Record<Verb, readonly RunState[]>> = {
  pause: ["selecting", "running"],
  resume: ["paused"],
  cancel: ["selecting", "running", "paused"],
};

const page = z.object({ page: z.coerce.number().int().min(1).catch(1) });
const seen = z.object({ seen: z.string().default("") });
const place = z.object({ runId: z.string() });
const action = place.extend({ verb: z.enum(keysOf(VERBS)) });

export interface RunsOptions {
  reader: RunReader;
  store: RunStore;
  queues: Queues;
  log: Log;
}

export function addRuns(app: FastifyInstance, { reader, store, queues, log }: RunsOptions): void {
  const send = ({ caller }: FastifyRequest, reply: FastifyReply, title: string, body: string) =>
    sendPage(reply, { title, body, caller });
  const sendProblem = (request: FastifyRequest, reply: FastifyReply, { status, text }: Problem) => {
    const body = html`<h1>Bulk runs</h1><p class="bad" role="alert">${text}</p>`;
    return send(request, reply.status(status), "Bulk runs", body);
  };
  /** Of the run that the path names. */
  const read = async ({ params }: FastifyRequest) => await reader.status(place.parse(params).runId);

  app.get("/runs", async (request, reply) => {
    const { page: at } = page.parse(request.query);
    const pages = Math.max(1, Math.ceil((await reader.count()) / RUNS_PER_PAGE));
    const [runs, atWork] = await Promise.all([
      reader.list({ offset: (at - 1) * RUNS_PER_PAGE, limit: RUNS_PER_PAGE }),
      reader.live(),
    ]);
    const changes = link("/runs/changes", { seen: stampOf(standing(atWork)) });
    return send(request, reply, "Bulk runs", renderRuns(runs, { page: at, pages }, changes));
  });

  app.get("/runs/changes", async (request, reply) => {
    const look = async () => standing(await reader.live());
    return sendChanges(request, reply, (signal) => watchFor(look, seen.parse(request.query).seen, signal));
  });

  app.get("/runs/:runId", async (request, reply) => {
    const run = await read(request);
    if (run === null) return sendProblem(request, reply, UNKNOWN);
    const pages = Math.max(1, Math.ceil(missesOf(run) / MISSES_PER_PAGE));
    const at = Math.min(page.parse(request.query).page, pages);
    const misses = missesOf(run) === 0 ? [] : await pageOf(reader.misses(run.run_id), at);
    const changes = link(`${runLink(run.run_id)}/changes`, { seen: stampOf(standing([run])) });
    const body = renderRunPage(run, misses, {
      page: at,
      pages,
      verbs: verbsFor(run, request.caller),
      changes,
    });
    return send(request, reply, `Bulk run ${run.run_id}`, body);
  });

  app.get("/runs/:runId/changes", async (request, reply) => {
    const look = async () => standing([await read(request)].filter((run) => run !== null));
    return sendChanges(request, reply, (signal) => watchFor(look, seen.parse(request.query).seen, signal));
  });

  app.get("/runs/:runId/report.csv", async (request, reply) => {
    const run = await read(request);
    if (run === null) return reply.status(404).send({ error: UNKNOWN.text });
    reply.header("content-disposition", `attachment; filename="run-${run.run_id}.csv"`);
    return reply.type("text/csv; charset=utf-8").send(Readable.from(csvOf(reader.outcomes(run.run_id))));
  });

  app.get("/runs/:runId/:verb", async (request, reply) => {
    const asked = action.safeParse(request.params);
    const run = asked.success ? await read(request) : null;
    if (!asked.success || run === null) return sendProblem(request, reply, UNKNOWN);
    const { verb } = asked.data;
    const { caller } = request;
    if (caller?.role !== "operator") return sendProblem(request, reply, NOT_YOURS);
    if (!ALLOWED[verb].includes(run.state)) return reply.redirect(runLink(run.run_id), 303);
    return send(request, reply, `${verb} bulk run`, renderQuestion(run, verb, caller.session));
  });

  app.post("/runs/:runId/:verb", async (request, reply) => {
    const asked = action.safeParse(request.params);
    if (!asked.success) return sendProblem(request, reply, UNKNOWN);
    const { runId, verb } = asked.data;
    try {
      const run = await store[verb](runId);
      if (verb === "resume") await addTickets(queues, run.instance, runId);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const status = error.code === "not_found" ? 404 : 409;
      return sendProblem(request, reply, { status, text: error.message });
    }
    log.info({ event: "ops.run", run_id: runId, verb, user: request.caller?.name }, "bulk run steered");
    return reply.redirect(runLink(runId), 303);
  });
}

interface Problem {
  status: 403 | 404 | 409;
  text: string;
}
const UNKNOWN: Problem = { status: 404, text: "The run is not known, or its report is no longer kept." };
const NOT_YOURS: Problem = { status: 403, text: "This needs an operator." };

function verbsFor({ state, is_draft: isDraft }: RunStatus, caller: Caller | null): Verb[] {
  if (caller?.role !== "operator" || isDraft || isOver(state)) return [];
  return keysOf(VERBS).filter((verb) => ALLOWED[verb].includes(state));
}

/** What pages show of runs, as far as it changes. */
function standing(runs: readonly RunStatus[]): unknown {
  return runs
    .map(({ run_id, state, reason, counts, rate_per_minute, waiting }) => [
      run_id,
      state,
      reason,
      counts,
      rate_per_minute,
      waiting,
    ])
    .sort(([one], [other]) => String(one).localeCompare(String(other)));
}

async function pageOf(outcomes: AsyncIterable<Outcome>, at: number): Promise<Outcome[]> {
  const found: Outcome[] = [];
  let number = 0;
  for await (const outcome of outcomes) {
    number += 1;
    if (number > (at - 1) * MISSES_PER_PAGE) found.push(outcome);
    if (found.length === MISSES_PER_PAGE) break;
  }
  return found;
}

async function* csvOf(outcomes: AsyncIterable<Outcome>): AsyncGenerator<string> {
  let lines: (readonly unknown[])[] = [REPORT_HEADER];
  for await (const outcome of outcomes) {
    lines.push(toReportRecord(outcome));
    if (lines.length < LINES_AT_ONCE) continue;
    yield toCsv(lines);
    lines = [];
  }
  yield toCsv(lines);
}
