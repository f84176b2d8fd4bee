/** `/cases`: looks up a case or an incident, live while its jobs run; one job with its rows, also as CSV. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { html } from "ghtml";
import { z } from "zod";
import type { RedisConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import { instanceNameSchema } from "../contract/job.ts";
import type { Result } from "../contract/result.ts";
import { connectWorker } from "../queue/connection.ts";
import type { ResultReader } from "../results/reader.ts";
import { columnsOf, type ReadRows, rowTexts } from "../results/row-texts.ts";
import { follow } from "../results/wait.ts";
import { ChangeWatch } from "../results/watch.ts";
import { renderJob, renderResults, renderSearch } from "./case-page.ts";
import { sendChanges, stampOf, watchFor } from "./changes.ts";
import { sendPage } from "./page.ts";
import { link, renderPages } from "./paging.ts";
import { renderRows } from "./rows-table.ts";

const text = z.string().trim().min(1).max(1_000);
/** Jobs of a case: all of thousands would keep the server and the browser busy at each change. */
const JOBS_PER_PAGE = 50;
const page = z.coerce.number().int().min(1).catch(1);
const caseQuery = z.object({ case_id: text, page });
const incidentQuery = z.object({ incident_id: text, instance: instanceNameSchema.default("default") });
const placeQuery = z.union([caseQuery, incidentQuery, z.object({}).strict()]);
const jobQuery = caseQuery.extend({
  job_id: text,
  sort: z.string().default(""),
  desc: z.string().optional(),
});

export interface CasesOptions {
  reader: ResultReader;
  redis: RedisConfig;
}

export function addCases(app: FastifyInstance, { reader, redis }: CasesOptions): void {
  let watch: ChangeWatch | undefined;
  app.addHook("onClose", async () => watch?.close());

  const send = ({ caller }: FastifyRequest, reply: FastifyReply, title: string, body: string) =>
    sendPage(reply, { title, body, caller });

  app.get("/cases", async (request, reply) => {
    const query = placeQuery.safeParse(request.query);
    if (!query.success) {
      const body = html`!${renderSearch()}<p class="bad" role="alert">That is no case or incident id.</p>`;
      return send(request, reply.status(400), "Cases", body);
    }
    if ("case_id" in query.data) {
      const { case_id: caseId } = query.data;
      const offset = (query.data.page - 1) * JOBS_PER_PAGE;
      const { results, total } = await reader.latestOfCase(caseId, { offset, limit: JOBS_PER_PAGE });
      if (total > 0 && offset >= total) return reply.redirect(link("/cases", { case_id: caseId }), 303);
      const at = { page: query.data.page, pages: Math.ceil(total / JOBS_PER_PAGE) };
      const pages = renderPages(at, "Pages of jobs", (number) =>
        link("/cases", { case_id: caseId, page: String(number) }),
      );
      const body = renderSearch({ caseId }) + pages + renderResults(results, changesOf(caseId, results));
      return send(request, reply, `Case ${caseId}`, body);
    }
    if ("incident_id" in query.data) {
      const { incident_id: incidentId, instance } = query.data;
      const results = await reader.resultsForIncident(instance, incidentId);
      const changes = link("/cases/changes", {
        incident_id: incidentId,
        instance,
        seen: stampOf(standing(results)),
      });
      const body = renderSearch({ incidentId, instance }) + renderResults([...results].reverse(), changes);
      return send(request, reply, `Incident ${incidentId}`, body);
    }
    return send(request, reply, "Cases", renderSearch());
  });

  app.get("/cases/job", async (request, reply) => {
    const { case_id: caseId, job_id: jobId, sort, desc, page } = jobQuery.parse(request.query);
    const result = await reader.result({ caseId, jobId });
    if (result === null) {
      const body = html`!${renderSearch({ caseId })}<p>The job is not known, or its result has expired.</p>`;
      return send(request, reply.status(404), "Unknown job", body);
    }
    const rows = await renderRows(result, reader, { sort, descending: desc !== undefined, page });
    const body = renderJob(result, rows, changesOf(caseId, [result]));
    return send(request, reply, `${result.action} of case ${caseId}`, body);
  });

  app.get("/cases/rows.csv", async (request, reply) => {
    const { case_id: caseId, job_id: jobId } = jobQuery.parse(request.query);
    const result = await reader.result({ caseId, jobId });
    const columns = result === null || result.rows_expired ? null : columnsOf(result);
    if (columns === null) return reply.status(404).send({ error: "there are no rows" });
    const readRows: ReadRows = async (page) => {
      const found = await reader.rows({ caseId, jobId }, page);
      if (found === null) throw new Failure("not_found", "the rows are no longer kept");
      return found;
    };
    reply.header("content-disposition", `attachment; filename="rows-${jobId.replace(/[^\w-]/g, "_")}.csv"`);
    return reply.type("text/csv; charset=utf-8").send(Readable.from(rowTexts(readRows, columns, "csv")));
  });

  app.get("/cases/changes", async (request, reply) => {
    const place = z
      .union([
        caseQuery.extend({ after: z.string().regex(/^\d+$/).default("0") }),
        incidentQuery.extend({ seen: z.string().default("") }),
      ])
      .parse(request.query);
    if ("incident_id" in place) {
      const look = async () => standing(await reader.resultsForIncident(place.instance, place.incident_id));
      return sendChanges(request, reply, (signal) => watchFor(look, place.seen, signal));
    }
    watch ??= new ChangeWatch(connectWorker(redis, { name: "defender-ops-watch" }), redis.prefix);
    const changes = watch;
    return sendChanges(request, reply, (signal) =>
      follow(reader, changes, place.case_id, { after: place.after, signal }),
    );
  });
}

/** Where a page hears of what has changed in a case since it was read. */
function changesOf(caseId: string, results: readonly Result[]): string {
  const after = results.reduce((last, { cursor }) => Math.max(last, Number(cursor)), 0);
  return link("/cases/changes", { case_id: caseId, after: String(after) });
}

/** What a page of an incident shows, as far as it changes. */
function standing(results: readonly Result[]): unknown {
  return results.map(({ job_id, cursor, status }) => [job_id, cursor, status]);
}
