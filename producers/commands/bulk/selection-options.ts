/** The options that say which incidents a run is about, and what it sets of them. */
import { createReadStream } from "node:fs";
import type { Command } from "commander";
import type { z } from "zod";
import { ownChangeInput } from "../../../src/bulk/change.ts";
import { whereInput } from "../../../src/bulk/selection.ts";
import { describeInvalid, Failure } from "../../../src/contract/failure.ts";
import type { Source } from "../../bulk/input/rows.ts";
import type { ReclassifyRequest } from "../../bulk/request.ts";

export interface SelectionOptions {
  whereStatus?: string;
  whereSeverity?: string;
  whereClassification?: string;
  whereAssignedTo?: string;
  whereCreatedAfter?: string;
  whereCreatedBefore?: string;
  whereUpdatedAfter?: string;
  whereUpdatedBefore?: string;
  whereTitleContains?: string;
  whereTag?: string;
  filter?: string;
  ids?: string[];
  from?: string;
}

export interface ChangeOptions {
  status?: string;
  classification?: string;
  determination?: string;
  assignTo?: string;
  unassign?: boolean;
  addTags?: string;
  removeTags?: string;
  resolvingComment?: string;
  comment?: string;
}

export function addSelectionOptions(command: Command): Command {
  return command
    .optionsGroup("Which incidents (all that are given must hold; or --ids, or --from):")
    .option("--where-status <list>", "Active, In Progress, Resolved, Awaiting Action")
    .option("--where-severity <list>", "High, Medium, Low, Informational, Unknown")
    .option("--where-classification <list>", "such as False Positive, or Not Set")
    .option("--where-assigned-to <user>", "none: to nobody")
    .option("--where-created-after <time>", "such as 2026-01-31 or 2026-01-31T08:00:00Z, itself included")
    .option("--where-created-before <time>", "itself not included; so for all times")
    .option("--where-updated-after <time>", "last updated then or later")
    .option("--where-updated-before <time>", "last updated before then")
    .option("--where-title-contains <text>", "in any case; looked at here, not by Graph")
    .option("--where-tag <tag>", "in any case; looked at here, not by Graph")
    .option("--filter <odata>", "raw OData of Graph")
    .option("--ids <ids...>", "incidents by number, separated by spaces or commas")
    .option(
      "--from <file>",
      "a list, or - for standard input: CSV with a header, NDJSON, or an id a line; rows may set values of their own",
    );
}

export function addChangeOptions(command: Command): Command {
  return command
    .optionsGroup("What is set:")
    .option("--status <status>", "Active, In Progress, Resolved")
    .option("--classification <name>", "such as True Positive")
    .option("--determination <name>", "one that belongs to the classification")
    .option("--assign-to <user>", "whom it is assigned to")
    .option("--unassign", "take the assignee away")
    .option("--add-tags <list>", "the others stay")
    .option("--remove-tags <list>", "in any case")
    .option("--resolving-comment <text>", "the note shown with the resolution")
    .option(
      "--comment <template>",
      "a comment to add; {displayName} and other fields stand for the incident's",
    );
}

type Asked = Pick<ReclassifyRequest, "where" | "filter" | "ids" | "from" | "change">;

/** Throws `invalid_input` that names the option. */
export function readSelection(options: SelectionOptions & ChangeOptions): Asked {
  const { filter, ids, from } = options;
  const where = checked(whereInput, "--where-", {
    status: options.whereStatus,
    severity: options.whereSeverity,
    classification: options.whereClassification,
    assigned_to: options.whereAssignedTo,
    created_after: options.whereCreatedAfter,
    created_before: options.whereCreatedBefore,
    updated_after: options.whereUpdatedAfter,
    updated_before: options.whereUpdatedBefore,
    title_contains: options.whereTitleContains,
    tag: options.whereTag,
  });
  const hasWhere = Object.values(where).some((value) => value !== undefined);
  const given = { "--where-…": hasWhere || undefined, "--filter": filter, "--ids": ids, "--from": from };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const allowed = "--where-… and --filter, or --ids, or --from";
  if (names.length === 0) throw invalid(`selection: given nothing; allowed: ${allowed}`);
  if (names.length > 1 && (ids !== undefined || from !== undefined))
    throw invalid(`selection: given ${names.join(" and ")}; allowed: ${allowed}`);
  const change = checked(ownChangeInput, "--", {
    status: options.status,
    classification: options.classification,
    determination: options.determination,
    assign_to: options.assignTo,
    unassign: options.unassign,
    add_tags: options.addTags,
    remove_tags: options.removeTags,
    resolving_comment: options.resolvingComment,
    comment: options.comment,
  });
  return {
    change,
    ...(hasWhere ? { where } : {}),
    ...(filter === undefined ? {} : { filter }),
    ...(ids === undefined ? {} : { ids: ids.flatMap((list) => list.split(",")).filter((id) => id !== "") }),
    ...(from === undefined ? {} : { from: sourceOf(from) }),
  };
}

/** Gives what was given: it is read where it is used. This is for the names in refusals. */
function checked<T extends object>(schema: z.ZodType<unknown, T>, prefix: string, given: T): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return given;
  const issues = parsed.error.issues.map((issue) => ({
    ...issue,
    path: [prefix + issue.path.join("-").replaceAll("_", "-")],
  }));
  throw invalid(describeInvalid({ ...parsed.error, issues }));
}

function sourceOf(file: string): Source {
  if (file === "-") return { name: "standard input", stream: process.stdin };
  return { name: file, stream: readChunks(file) };
}

async function* readChunks(file: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* createReadStream(file);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw invalid(`--from: cannot read ${JSON.stringify(file)} (${why})`);
  }
}

function invalid(message: string): Failure {
  return new Failure("invalid_input", message);
}
