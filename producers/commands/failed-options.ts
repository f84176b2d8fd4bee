/** The options that say which failed jobs are meant, the same for every command. */
import { type Command, Option } from "commander";
import { ACTION_NAMES } from "../../src/actions/catalog.ts";
import { type FailureCode, failureCodeSchema } from "../../src/contract/failure.ts";
import { duration, integer } from "../../src/settings/fields.ts";
import type { FailedFilter } from "../client.ts";
import { reading } from "./session.ts";

export interface FilterOptions {
  instance?: string;
  code?: FailureCode;
  action?: string;
  case?: string;
  /** In milliseconds before this moment. */
  since?: number;
  limit?: number;
}

export function addFilterOptions(command: Command): Command {
  return command
    .option("--instance <name>", "of one Defender connection")
    .addOption(new Option("--code <code>", "that failed so").choices(failureCodeSchema.options))
    .addOption(new Option("--action <name>", "of one action").choices(ACTION_NAMES))
    .option("--case <id>", "of one case of the SOAR")
    .option("--since <time>", "that failed within this time, such as 2h", reading(duration("1ms", "365d")))
    .option("--limit <count>", "at most so many, the newest", reading(integer(1, 999_999_999)));
}

export function readFilter(options: FilterOptions): FailedFilter {
  const { instance, code, action, case: caseId, since, limit } = options;
  return {
    instance,
    code,
    action,
    caseId,
    since: since === undefined ? undefined : new Date(Date.now() - since),
    limit,
  };
}

/** Names of the options that narrow the jobs down, as far as they were given. */
export function givenFilters({ instance, code, action, case: caseId, since }: FilterOptions): string[] {
  const filters = { instance, code, action, case: caseId, since };
  return Object.entries(filters).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
}
