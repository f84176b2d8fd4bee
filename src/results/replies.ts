/** What the scripts answer: read by schema, and named. */
import { z } from "zod";
import type { Note } from "../contract/define-action.ts";
import type { ResultStatus } from "../contract/result.ts";
import type { Head } from "./record.ts";

export type Created =
  | { verdict: "conflict" }
  | {
      verdict: "created" | "same";
      status: ResultStatus;
      generation: number;
      enqueuedMs: number;
      expiresMs: number;
      head: Head;
    };

export type Started =
  | { verdict: "missing" | "stale" | "final" }
  | {
      verdict: "run";
      run: number;
      attempts: number;
      isOver: boolean;
      nowMs: number;
      expiresMs: number;
      note: Note | null;
      notedAtMs: number;
    };

/** `stale`: another run or generation has the job, or it is over. */
export const sendReply = z.tuple([z.enum(["ok", "cancelled", "expired", "stale"]), z.coerce.number()]);

export interface SendVerdict {
  verdict: z.infer<typeof sendReply>[0];
  nowMs: number;
}

export const cancelReply = z.tuple([z.number(), z.number(), z.coerce.number(), z.string()]).nullable();

export interface Cancelled {
  cancelled: boolean;
  /** Whether anything was sent already. */
  sent: boolean;
  generation: number;
  head: Head;
}

export const createdReply = z.union([
  z.tuple([z.literal("conflict")]),
  z.tuple([
    z.enum(["created", "same"]),
    z.enum(["queued", "running", "completed", "failed"]),
    z.coerce.number(),
    z.coerce.number(),
    z.coerce.number(),
    z.string(),
  ]),
]);
export const startedReply = z.union([
  z.tuple([z.enum(["missing", "stale", "final"])]),
  z.tuple([
    z.literal("run"),
    z.coerce.number(),
    z.coerce.number(),
    z.number(),
    z.coerce.number(),
    z.coerce.number(),
    z.string(),
    z.coerce.number(),
  ]),
]);
export const noteSchema = z.record(z.string(), z.unknown());
