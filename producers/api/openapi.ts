/** The OpenAPI 3.1 document, made from the schemas by which requests are read and results are written. */
import { z } from "zod";
import { inputSchemaOf } from "../../src/contract/input-schema.ts";
import { resultSchema } from "../../src/contract/result.ts";
import { ACTIONS } from "../catalog.ts";
import { PROBLEM_TYPE, problemSchema } from "./problem.ts";
import {
  acceptedSchema,
  actionHeaders,
  actionPath,
  batchBody,
  cancelledSchema,
  casePath,
  catalogSchema,
  followHeaders,
  followQuery,
  jobPath,
  rowsAnswer,
  rowsQuery,
  waitQuery,
} from "./schemas.ts";

type Json = Record<string, unknown>;

const COMPONENTS = {
  Accepted: acceptedSchema,
  Result: resultSchema,
  Rows: rowsAnswer,
  Cancelled: cancelledSchema,
  Catalog: catalogSchema,
  Problem: problemSchema,
};

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const list = (name: string): Json => ({ type: "array", items: ref(name) });
const json = (schema: Json): Json => ({ "application/json": { schema } });
const answer = (description: string, content: Json): Json => ({ description, content });

/** `io`: what may be sent, or what is sent back. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function parametersOf(schema: z.ZodObject, place: "path" | "query" | "header"): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = typeof property === "object" ? property : {};
    return {
      name,
      in: place,
      required: place === "path" || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

/** Of every operation. */
function problems(...statuses: readonly number[]): Json {
  const all = [400, 401, 403, ...statuses, 429, 503].map((status) => [
    status,
    { description: MEANINGS.get(status), content: { [PROBLEM_TYPE]: { schema: ref("Problem") } } },
  ]);
  return Object.fromEntries(all);
}

const MEANINGS = new Map([
  [400, "Bad input: names each field, what was given and what is allowed."],
  [401, "The token is missing or unknown."],
  [403, "Outside of what the token is bound to."],
  [404, "There is no such thing."],
  [409, "Something stands in the way, such as an idempotency key that was used with other input."],
  [410, "The rows had to make room for newer ones (`RESULT_MEMORY`): run the query again."],
  [413, "The body is too large."],
  [415, "The body is not `application/json`."],
  [429, "Too many requests with this token; `Retry-After` says when to come again."],
  [503, "Redis does not answer: try again, writes with the same `Idempotency-Key`."],
]);

const caseParameters = parametersOf(casePath, "path");
const jobParameters = parametersOf(jobPath, "path");

function paths(): Json {
  return {
    "/v1/actions": {
      get: {
        operationId: "listActions",
        summary: "The catalog, as far as the token may run it",
        responses: { 200: answer("The actions.", json(ref("Catalog"))), ...problems() },
      },
      post: {
        operationId: "runActions",
        summary: "Ask for several actions: all are accepted, or none",
        requestBody: { required: true, content: json(schemaOf(batchBody, "input")) },
        responses: { 202: answer("All are queued.", json(list("Accepted"))), ...problems(409, 413, 415) },
      },
    },
    "/v1/actions/{action}": {
      post: {
        operationId: "runAction",
        summary: "Ask for an action; the body is its arguments alone",
        parameters: [
          ...parametersOf(actionPath, "path").map((parameter) => ({
            ...parameter,
            schema: { type: "string", enum: ACTIONS.map(({ name }) => name) },
          })),
          ...parametersOf(waitQuery, "query"),
          ...parametersOf(actionHeaders, "header"),
        ],
        requestBody: {
          required: true,
          content: json({ anyOf: ACTIONS.map(({ name }) => ref(name)) }),
        },
        responses: {
          200: answer("With `wait`: the final result, of a failed action too.", json(ref("Result"))),
          202: answer(
            "It is queued; with `wait`, when the time was up: the record as it stands.",
            json({ anyOf: [ref("Accepted"), ref("Result")] }),
          ),
          ...problems(404, 409, 413, 415),
        },
      },
    },
    "/v1/cases/{case}/results": {
      get: {
        operationId: "listResults",
        summary: "All results of a case that the token may see, oldest first",
        parameters: caseParameters,
        responses: { 200: answer("The results.", json(list("Result"))), ...problems() },
      },
    },
    "/v1/cases/{case}/events": {
      get: {
        operationId: "followCase",
        summary: "Changes as they come; nothing final is left out, also after a break",
        parameters: [
          ...caseParameters,
          ...parametersOf(followQuery, "query"),
          ...parametersOf(followHeaders, "header"),
        ],
        responses: {
          200: answer("Events named `result`: the id is the cursor, the data a result.", {
            "text/event-stream": { schema: { type: "string" } },
          }),
          ...problems(),
        },
      },
    },
    "/v1/cases/{case}/jobs/{job}": {
      get: {
        operationId: "getResult",
        summary: "The result of a job, or its record as it stands",
        parameters: jobParameters,
        responses: { 200: answer("The result.", json(ref("Result"))), ...problems(404) },
      },
      delete: {
        operationId: "cancelJob",
        summary: "Take a job back, if nothing of it was sent",
        parameters: jobParameters,
        responses: { 200: answer("What came of it.", json(ref("Cancelled"))), ...problems(404) },
      },
    },
    "/v1/cases/{case}/jobs/{job}/rows": {
      get: {
        operationId: "getRows",
        summary: "All rows of a query's answer",
        parameters: [...jobParameters, ...parametersOf(rowsQuery, "query")],
        responses: {
          200: answer("A page, or all from the offset on.", {
            ...json(ref("Rows")),
            "application/x-ndjson": { schema: { type: "string" } },
            "text/csv": { schema: { type: "string" } },
          }),
          ...problems(404, 409, 410),
        },
      },
    },
  };
}

export function makeOpenApi(): Json {
  const results = Object.entries(COMPONENTS).map(([name, schema]) => [name, schemaOf(schema, "output")]);
  const inputs = ACTIONS.map((action) => {
    const { $schema: _, ...schema } = inputSchemaOf(action);
    return [action.name, { title: action.title, description: action.description, ...schema }];
  });
  return {
    openapi: "3.1.0",
    info: {
      title: "defender-actions",
      version: "1",
      license: { name: "MIT", identifier: "MIT" },
      description:
        "Runs a SOAR platform's actions against Microsoft 365 Defender from a queue. Times are UTC, in ISO 8601.",
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths: paths(),
    components: {
      schemas: Object.fromEntries([...inputs, ...results]),
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "A token from `defender-actions api new-token`.",
        },
      },
    },
  };
}
