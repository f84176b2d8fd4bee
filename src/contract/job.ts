/** The job as it lies on the queue: a wire format, parsed by schema on every read. */
import { z } from "zod";
import { refusing } from "./refusal.ts";

export const LANES = ["incidents", "hunting"] as const;
/** A quota that calls spend from. */
export type Lane = (typeof LANES)[number];

export const PRIORITIES = ["interactive", "bulk"] as const;
export type Priority = (typeof PRIORITIES)[number];

const INSTANCE_NAMES = "1 to 32 of a-z, 0-9 and -";
export const instanceNameSchema = z
  .string(refusing(INSTANCE_NAMES))
  .regex(/^[a-z0-9-]{1,32}$/, refusing(INSTANCE_NAMES));

const TRACEPARENTS = "a W3C traceparent such as 00-<32 hex>-<16 hex>-01";
/** W3C trace context, version 00. */
export const traceparentSchema = z
  .string(refusing(TRACEPARENTS))
  .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, refusing(TRACEPARENTS));

export const jobSchema = z.object({
  v: z.literal(1),
  job_id: z.string().min(1).max(64),
  case_id: z.string().min(1),
  action: z.string().min(1),
  instance: instanceNameSchema,
  priority: z.enum(PRIORITIES),
  /** Raised when a failed job is asked for again; older generations can no longer write the result. */
  generation: z.number().int().min(1),
  /** The arguments, already normalised by the action's schema. */
  input: z.record(z.string(), z.unknown()),
  /** Both on Redis's clock. */
  enqueued_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  requested_by: z.string().optional(),
  /** The name of the API token that asked. */
  caller: z.string().optional(),
  traceparent: traceparentSchema.optional(),
});
export type Job = z.infer<typeof jobSchema>;
