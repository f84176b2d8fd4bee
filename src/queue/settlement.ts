/** What a person may say of a write whose outcome is unknown. */
import { z } from "zod";
import { describeInvalid, Failure } from "../contract/failure.ts";
import { refusing } from "../contract/refusal.ts";
import type { Result } from "../contract/result.ts";
import type { FailedJob } from "./failed-job.ts";

export const SETTLEMENTS = ["done", "retry"] as const;

export interface SettleOptions {
  /** `done`: it is in Defender. `retry`: it is not; the next run looks once more, and sends if it is not there. */
  as: (typeof SETTLEMENTS)[number];
  /** Who says so. */
  by?: string | undefined;
  /** Why. */
  note?: string | undefined;
}

export interface Settled {
  jobId: string;
  caseId: string;
  as: SettleOptions["as"];
  /** How the job stands now; null when its result had expired. */
  result: Result | null;
}

const TEXTS = "text of 1 to 1000 characters";
const text = z.string(refusing(TEXTS)).trim().min(1, refusing(TEXTS)).max(1_000, refusing(TEXTS));
const optionsSchema = z.strictObject({
  as: z.enum(SETTLEMENTS, refusing(SETTLEMENTS.join(", "))),
  by: text.optional(),
  note: text.optional(),
});

/** Throws `invalid_input` that names the option, what was given and what is allowed. */
export function checkSettlement(given: SettleOptions): SettleOptions {
  const parsed = optionsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Failure("invalid_input", describeInvalid(parsed.error));
}

export function nothingToSettle({ jobId, code }: Pick<FailedJob, "jobId" | "code">): Failure {
  return new Failure(
    "conflict",
    `job ${JSON.stringify(jobId)} failed as ${code}; only a write whose outcome is unknown can be settled`,
    { hint: `To ask for it again: defender-actions retry ${jobId}` },
  );
}
