/** What a result says, in the words of a person. */
import { byWhom, type Result, type Waiting } from "../contract/result.ts";

const WAITS: Readonly<Record<Exclude<Waiting["for"], "paused">, string>> = {
  quota: "the quota of the tenant is used up for now",
  throttled: "Defender has told us to wait",
  order: "an earlier write to this incident has to end first",
  settle: "the answer to a write was lost; Defender is asked what became of it",
  retry: "the last try failed; the next one follows",
};

/** Why it is not done yet; null when it is. */
export function whyItWaits({ status, waiting, expires_at }: Result): string | null {
  if (waiting?.for === "paused") return `paused ${byWhom(waiting)}`;
  if (waiting !== null)
    return `${WAITS[waiting.for]}${waiting.until === null ? "" : `, until ${waiting.until}`}`;
  if (status === "running") return "a worker is at it";
  return status === "queued" ? `it is in line for a worker, at most until ${expires_at}` : null;
}

export interface Standing {
  text: string;
  tone: "good" | "bad" | "wait";
}

export function standingOf({ status, is_success, error, reason, waiting }: Result): Standing {
  if (status === "completed") {
    const text = reason === null ? status : `${status} (${reason})`;
    return { text, tone: is_success ? "good" : "bad" };
  }
  if (status === "failed") return { text: `failed (${error?.code ?? "unknown"})`, tone: "bad" };
  return { text: waiting === null ? status : `${status}, waits: ${waiting.for}`, tone: "wait" };
}
