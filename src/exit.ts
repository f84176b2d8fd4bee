/** How a command ends: its exit code, and what is said of an error. One sentence, never a stack. */
import { CommanderError } from "commander";
import { type Failure, toFailure } from "./contract/failure.ts";
import type { Result } from "./contract/result.ts";
import { isRedisAway, redisAway } from "./queue/unreachable.ts";

export const EXIT = {
  done: 0,
  failed: 1,
  badInput: 2,
  unreachable: 3,
  /** Still queued or running when the wait ended. */
  unfinished: 4,
} as const;

/** A completed action is done even if it found nothing: the status counts, not `is_success`. */
export function exitCodeOfResult({ status }: Pick<Result, "status">): number {
  if (status === "completed") return EXIT.done;
  return status === "failed" ? EXIT.failed : EXIT.unfinished;
}

export interface Ending {
  code: number;
  /** For standard error; null when all is said already. */
  text: string | null;
}

/** Turns whatever a command threw into its ending. */
export function endingOf(error: unknown): Ending {
  // Commander has printed its own sentence, or the help that was asked for.
  if (error instanceof CommanderError)
    return { code: error.exitCode === 0 ? EXIT.done : EXIT.badInput, text: null };
  if (isRedisAway(error)) return { code: EXIT.unreachable, text: sentence(redisAway(error)) };
  const failure = toFailure(error);
  const isRefusal = failure.code === "invalid_input" || failure.code === "conflict";
  return { code: isRefusal ? EXIT.badInput : EXIT.failed, text: sentence(failure) };
}

function sentence({ message, details: { hint } }: Failure): string {
  return `error: ${message}${hint === undefined ? "" : `\n${hint}`}`;
}
