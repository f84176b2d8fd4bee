/** What a payload says of itself that may be anybody's: each part by itself, for the others may be of use without it. */
import { z } from "zod";
import { instanceNameSchema } from "../contract/job.ts";

const foreignSchema = z.object({
  /** Null: there is no place for a result. */
  case_id: z
    .union([z.string().min(1), z.number().transform(String)])
    .nullable()
    .catch(null),
  job_id: z.string().min(1).max(64).nullable().catch(null),
  instance: instanceNameSchema.catch("default"),
  generation: z.int().min(1).catch(1),
  requested_by: z.string().nullable().catch(null),
  enqueued_at: z.iso.datetime().nullable().catch(null),
});
export type Foreign = z.infer<typeof foreignSchema>;

/** Never throws: of what is no object at all, nothing is known. */
export function readForeign(data: unknown): Foreign {
  return foreignSchema.catch(foreignSchema.parse({})).parse(data);
}
