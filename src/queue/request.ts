/** A request to do an action, and everything about it that can be judged without Redis. */
import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import { findAction } from "../actions/catalog.ts";
import type { Action } from "../contract/define-action.ts";
import { Failure, invalidInput } from "../contract/failure.ts";
import { instanceNameSchema, PRIORITIES, type Priority, traceparentSchema } from "../contract/job.ts";
import { refusing } from "../contract/refusal.ts";
import type { Head } from "../results/record.ts";

/** A job's arguments may take this many bytes as JSON. */
const LARGEST_INPUT_BYTES = 256 * 1024;
/** As for `JOB_EXPIRES_AFTER`. */
const LONGEST_LIFETIME_MS = 30 * 86_400_000;

export interface EnqueueOptions {
  /** The same key with the same input, for the same instance and case, is the same job. */
  idempotencyKey?: string | undefined;
  priority?: Priority | undefined;
  /** Default: what the workers publish (`JOB_EXPIRES_AFTER`), else one hour. */
  expiresInMs?: number | undefined;
  /** The analyst or playbook that asks. */
  requestedBy?: string | undefined;
  /** W3C trace context. */
  traceparent?: string | undefined;
  instance?: string | undefined;
}

export interface JobRequest {
  action: string;
  input: unknown;
  options?: EnqueueOptions | undefined;
  /** The name of the API token that asks. The job is its own: nobody else gets it by the same idempotency key. */
  caller?: string | undefined;
}

export interface CheckedJob {
  action: Action;
  head: Head;
  input: Record<string, unknown>;
  inputHash: string;
  options: EnqueueOptions;
}

/** The call envelope, as every action's schema has normalised it. */
const envelopeSchema = z.object({
  case_id: z.string(),
  alert_group_identifiers: z.array(z.string()),
  scope: z.string(),
});

const filledText = z
  .string(refusing("text that is not empty"))
  .refine((value) => value.trim() !== "", refusing("text that is not empty"));
const lifetime = refusing("a whole number of milliseconds from 1 to 2592000000 (30 days)");
export const optionsSchema = z.object({
  idempotencyKey: filledText.optional(),
  priority: z.enum(PRIORITIES, refusing(PRIORITIES.join(", "))).default("interactive"),
  expiresInMs: z.int(lifetime).min(1, lifetime).max(LONGEST_LIFETIME_MS, lifetime).optional(),
  requestedBy: filledText.optional(),
  traceparent: traceparentSchema.optional(),
  instance: instanceNameSchema.default("default"),
});

/** Throws `invalid_input` that names the argument, what was given and what is allowed. */
export function checkRequest({
  action: name,
  input: given,
  options: givenOptions = {},
  caller,
}: JobRequest): CheckedJob {
  const action = findAction(name);
  const parsed = action.input.safeParse(given);
  if (!parsed.success) throw invalidInput(parsed.error);
  const checkedOptions = optionsSchema.safeParse(givenOptions);
  if (!checkedOptions.success) throw invalidInput(checkedOptions.error);

  const inputText = JSON.stringify(parsed.data);
  const bytes = Buffer.byteLength(inputText);
  if (bytes > LARGEST_INPUT_BYTES) {
    throw new Failure(
      "invalid_input",
      `input: given ${bytes} bytes; allowed: up to ${LARGEST_INPUT_BYTES} bytes`,
    );
  }
  const { case_id: caseId, alert_group_identifiers, scope } = envelopeSchema.parse(parsed.data);
  const { instance, priority, idempotencyKey, requestedBy } = checkedOptions.data;
  const head: Head = {
    v: 1,
    case_id: caseId,
    job_id: makeJobId([instance, caseId], idempotencyKey),
    action: action.name,
    instance,
    priority,
    requested_by: requestedBy ?? null,
    caller: caller ?? null,
    alert_group_identifiers,
    scope,
  };
  return {
    action,
    head,
    input: parsed.data,
    inputHash: hashInput(action.name, parsed.data, caller),
    options: givenOptions,
  };
}

/** With a key the id follows from it, so that a repeat finds the same record; BullMQ takes no id that is all digits. */
function makeJobId(scope: readonly string[], key: string | undefined): string {
  return `j${key === undefined ? randomBytes(12).toString("hex") : hash([...scope, key]).slice(0, 24)}`;
}

/** Of the input as its schema has normalised it: by it a repeat of an idempotency key is known to ask for the same. */
export function hashInput(action: string, input: Record<string, unknown>, caller?: string): string {
  return hash([action, JSON.stringify(input), ...(caller === undefined ? [] : [caller])]);
}

function hash(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
