/** What requests may hold: the schemas by which they are read, and from which the OpenAPI document is made. */
import { z } from "zod";
import { ROWS_PER_PAGE } from "../../src/contract/ports.ts";
import { refusal, refusing, show } from "../../src/contract/refusal.ts";
import { optionsSchema } from "../../src/queue/request.ts";

const LONGEST_WAIT_S = 60;
/** Of one batch, which is accepted as a whole. */
export const MOST_REQUESTS = 1_000;
const MOST_ROWS = 10 * ROWS_PER_PAGE;

const option = optionsSchema.shape;

function parameters<S extends z.ZodRawShape>(shape: S) {
  const allowed = Object.keys(shape).join(", ") || "none";
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `no parameter is named ${issue.keys.map(show).join(" or ")}; allowed: ${allowed}`
        : undefined,
  });
}

function wholeNumber(least: number, most: number) {
  const allowed = refusing(`a whole number from ${least} to ${most}`);
  return z
    .string(allowed)
    .regex(/^\d{1,9}$/, allowed)
    .refine((text) => Number(text) >= least && Number(text) <= most, allowed)
    .transform(Number);
}

const waits = refusing(`seconds from 0 to ${LONGEST_WAIT_S}`);
const cursors = refusing("the cursor of a result");
const cursor = z.string(cursors).regex(/^\d{1,17}$/, cursors);
const filled = z.string(refusing("text that is not empty")).min(1, refusing("text that is not empty"));

export const actionPath = z.object({ action: z.string() });
export const casePath = z.object({ case: filled.describe("The SOAR's case id, percent-encoded.") });
export const jobPath = casePath.extend({ job: filled.describe("The job's id.") });

export const noQuery = parameters({});
export const waitQuery = parameters({
  wait: z
    .string(waits)
    .regex(/^\d{1,2}(\.\d{1,3})?$/, waits)
    .refine((text) => Number(text) <= LONGEST_WAIT_S, waits)
    .transform(Number)
    .optional()
    .describe(`Wait so many seconds for the final result, up to ${LONGEST_WAIT_S}.`),
});
export const followQuery = parameters({
  after: cursor.optional().describe("Begin behind this cursor; `Last-Event-ID` goes before it."),
});
export const ROW_FORMATS = ["json", "ndjson", "csv"] as const;
export const rowsQuery = parameters({
  offset: wholeNumber(0, 999_999_999).optional().describe("The first row; default 0."),
  limit: wholeNumber(1, MOST_ROWS)
    .optional()
    .describe(`With json: rows of a page, up to ${MOST_ROWS}; default 1000.`),
  format: z
    .enum(ROW_FORMATS, refusing(ROW_FORMATS.join(", ")))
    .optional()
    .describe(
      "Default json, unless `Accept` asks for `application/x-ndjson` or `text/csv`; those two are streamed.",
    ),
});

export const actionHeaders = z.object({
  "idempotency-key": option.idempotencyKey.describe("The same key with the same input is the same job."),
  "defender-instance": option.instance.describe("The Defender connection to use."),
  "defender-priority": option.priority.describe("Whether somebody waits for it."),
  "defender-requested-by": option.requestedBy.describe("The analyst or playbook that asks."),
  traceparent: option.traceparent.describe("W3C trace context."),
});
export const followHeaders = z.object({
  "last-event-id": cursor.optional().describe("The id of the last event that was seen."),
});

/** As JSON spells them; the client's spelling (`idempotencyKey`) is taken too. */
const jobOptions = z.strictObject(
  {
    idempotency_key: option.idempotencyKey,
    priority: option.priority,
    expires_in_ms: option.expiresInMs,
    requested_by: option.requestedBy,
    traceparent: option.traceparent,
    instance: option.instance,
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `no option is named ${issue.keys.map(show).join(" or ")}; allowed: ${OPTION_NAMES}`
        : refusal(issue.input, `an object with the options ${OPTION_NAMES}`),
  },
);
const OPTION_NAMES = "idempotency_key, priority, expires_in_ms, requested_by, traceparent, instance";

const batchItem = z.strictObject(
  {
    action: z.string(refusing("the name of an action")),
    input: z.unknown().describe("The action's arguments."),
    options: z.preprocess(toSnakeCase, jobOptions).optional(),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `nothing is named ${issue.keys.map(show).join(" or ")}; allowed: action, input, options`
        : refusal(issue.input, "an object { action, input, options? }"),
  },
);
const batches = refusing(`a list of 1 to ${MOST_REQUESTS} of { action, input, options? }`);
export const batchBody = z.array(batchItem, batches).min(1, batches).max(MOST_REQUESTS, batches);

const SPELLINGS = new Map([
  ["idempotencyKey", "idempotency_key"],
  ["expiresInMs", "expires_in_ms"],
  ["requestedBy", "requested_by"],
]);

function toSnakeCase(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [SPELLINGS.get(name) ?? name, value]),
  );
}

export const acceptedSchema = z.object({
  job_id: z.string(),
  case_id: z.string(),
  action: z.string(),
  deduplicated: z.boolean().describe("The idempotency key was seen before: nothing new was queued."),
});
export const rowsAnswer = z.object({
  rows: z.array(z.unknown()),
  total: z.int(),
  offset: z.int(),
  next_offset: z.int().nullable().describe("Where the next page begins; null behind the last."),
});
export const cancelledSchema = z.object({
  cancelled: z.boolean().describe("It will not be sent (again)."),
  sent: z.boolean().describe("Something of it had been sent already."),
});
export const catalogSchema = z.array(
  z.object({
    name: z.string(),
    title: z.string(),
    description: z.string(),
    lane: z.string(),
    effect: z.string(),
    permissions: z.array(z.string()),
    arguments: z.array(z.string()),
    input_schema: z.record(z.string(), z.unknown()).describe("JSON Schema of the arguments."),
  }),
);
