/** Routes that read a case and its jobs, follow it, and take a job back. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Failure } from "../../src/contract/failure.ts";
import { ROWS_PER_PAGE } from "../../src/contract/ports.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { rowsExpired } from "../../src/results/reader.ts";
import { columnsOf, rowTexts } from "../../src/results/row-texts.ts";
import { EVENTS_TYPE, eventsOf } from "./events.ts";
import { sendProblem } from "./problem.ts";
import { casePath, followHeaders, followQuery, jobPath, noQuery, ROW_FORMATS, rowsQuery } from "./schemas.ts";
import { endOf, read, type Served } from "./served.ts";

const TYPES = { json: "application/json", ndjson: "application/x-ndjson", csv: "text/csv" } as const;

export function addCaseRoutes(app: FastifyInstance, served: Served): void {
  const { pipe, desk, identity } = served;

  app.get("/v1/cases/:case/results", async (request) => {
    read(noQuery, request.query);
    return await pipe.resultsForCase(identity.of(request), read(casePath, request.params).case);
  });

  app.get("/v1/cases/:case/jobs/:job", async (request) => {
    read(noQuery, request.query);
    return await pipe.result(identity.of(request), refOf(request));
  });

  app.delete("/v1/cases/:case/jobs/:job", async (request) => {
    read(noQuery, request.query);
    const { cancelled, sent } = await desk.cancel(identity.of(request), refOf(request));
    return { cancelled, sent };
  });

  app.get("/v1/cases/:case/jobs/:job/rows", async (request, reply) => {
    const { offset = 0, limit = ROWS_PER_PAGE, format } = read(rowsQuery, request.query);
    const kind = format ?? wanted(request);
    const caller = identity.of(request);
    const job = refOf(request);
    const result = await pipe.result(caller, job);
    if (result.rows_expired)
      return await sendProblem(reply, rowsExpired(job), { status: 410, title: "Gone" });
    const columns = columnsOf(result);
    if (columns === null) {
      const why = result.error === null ? "" : ` (${result.error.message})`;
      throw new Failure("conflict", `there are no rows: ${result.action} is ${result.status}${why}`);
    }
    if (kind === "json") {
      const { rows, total } = await pipe.rows(caller, job, { offset, limit });
      const next = offset + rows.length;
      return { rows, total, offset, next_offset: rows.length > 0 && next < total ? next : null };
    }
    const texts = rowTexts((page) => pipe.rows(caller, job, page), columns, kind, offset);
    return stream(reply, TYPES[kind], await begun(texts));
  });

  app.get("/v1/cases/:case/events", async (request, reply) => {
    const { after = "0" } = read(followQuery, request.query);
    const { "last-event-id": last } = read(followHeaders, request.headers);
    const { case: caseId } = read(casePath, request.params);
    const caller = identity.of(request);
    await pipe.resultsForCase(caller, caseId);
    const signal = endOf(reply, served);
    const changes = pipe.follow(caller, caseId, last ?? after, signal);
    const mayGoOn = (): Promise<boolean> => identity.isCurrent(request);
    return stream(reply, EVENTS_TYPE, eventsOf(changes, { after: last ?? after, mayGoOn }));
  });
}

function refOf(request: FastifyRequest): JobRef {
  const { case: caseId, job: jobId } = read(jobPath, request.params);
  return { caseId, jobId };
}

function wanted({ headers: { accept = "" } }: FastifyRequest): keyof typeof TYPES {
  return ROW_FORMATS.find((format) => format !== "json" && accept.includes(TYPES[format])) ?? "json";
}

/** Its first text is there already, so that what fails at once is answered as a problem. */
async function begun(texts: AsyncGenerator<string, void>): Promise<AsyncIterable<string>> {
  const first = await texts.next();
  return (async function* () {
    if (first.done !== true) yield first.value;
    yield* texts;
  })();
}

/** No faster than the client reads. */
function stream(reply: FastifyReply, type: string, texts: AsyncIterable<string>): FastifyReply {
  return reply
    .type(`${type}; charset=utf-8`)
    .header("x-accel-buffering", "no")
    .send(Readable.from(texts, { objectMode: false, highWaterMark: 65_536 }));
}
