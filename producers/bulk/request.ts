/** What a bulk run is asked for with, and everything about it that can be judged without Redis. */
import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { z } from "zod";
import { type Change, changeSchema, ownChangeInput, refuseChange } from "../../src/bulk/change.ts";
import { type MaxFailures, type RunSpec, runSpecSchema } from "../../src/bulk/run.ts";
import { refuseFilter, type Where, whereInput } from "../../src/bulk/selection.ts";
import { describeInvalid, Failure } from "../../src/contract/failure.ts";
import { instanceNameSchema } from "../../src/contract/job.ts";
import { refusing } from "../../src/contract/refusal.ts";
import { type Rows, rowsOf, rowsOfIds } from "./input/items.ts";
import type { Source } from "./input/rows.ts";

export type WhereInput = z.input<typeof whereInput>;
export type ChangeInput = z.input<typeof ownChangeInput>;

export interface RunOptions {
  /** Under which the summary lies like any other result; default: `bulk-` and the run's id. */
  caseId?: string | undefined;
  /** Default: the user of the operating system. */
  owner?: string | undefined;
  /** Default `default`. */
  instance?: string | undefined;
  /** The analyst or playbook that asks. */
  requestedBy?: string | undefined;
  /** Whether an incident is looked at again right before it is written; default true. */
  verify?: boolean | undefined;
  /** The first so many of the selection, and no more. */
  limit?: number | undefined;
  /** When so many have failed, the run pauses. Default 5 %, judged after the first 20. */
  maxFailures?: MaxFailures | undefined;
}

/** Either `where` and `filter`, which may be combined, or `ids`, or `from`. */
export interface ReclassifyRequest extends RunOptions {
  where?: WhereInput | undefined;
  /** Raw OData of Graph. */
  filter?: string | undefined;
  ids?: readonly (string | number)[] | undefined;
  /** CSV with a header, NDJSON or one id a line; rows may set values of their own. */
  from?: Source | undefined;
  change: ChangeInput;
  /** Is given each row that is refused; without it they are all in the error. */
  onBadRow?: ((sentence: string) => void) | undefined;
}

export interface CheckedRequest {
  spec: RunSpec;
  /** Of `ids` and `from`. */
  rows: Rows | null;
}

const text = z
  .string(refusing("text that is not empty"))
  .refine((value) => value.trim() !== "", refusing("text that is not empty"));
const optionsSchema = z.object({
  caseId: text.optional(),
  owner: text.optional(),
  instance: instanceNameSchema.default("default"),
  requestedBy: text.nullish(),
  verify: z.boolean(refusing("true or false")).default(true),
  limit: z.int(refusing("a whole number from 1 on")).min(1, refusing("a whole number from 1 on")).nullish(),
  maxFailures: runSpecSchema.shape.max_failures,
});

/** Throws `invalid_input`. */
export function checkRequest(request: ReclassifyRequest): CheckedRequest {
  const { where, filter, ids, from } = request;
  const asked = Object.entries({ where, filter, ids, from }).filter(([, value]) => value !== undefined);
  const names = asked.map(([name]) => name);
  if (names.length > 1 && names.some((name) => name === "ids" || name === "from"))
    throw invalid(`selection: given ${names.join(" and ")}; allowed: where and filter, or ids, or from`);
  const change = checkChange(request.change, { isWhole: from === undefined });
  if (ids !== undefined) return { spec: specOf(request, { kind: "items" }, change), rows: rowsOfIds(ids) };
  if (from !== undefined) return { spec: specOf(request, { kind: "items" }, change), rows: rowsOf(from) };
  return { spec: specOf(request, checkFilter(where, filter), change), rows: null };
}

function checkFilter(where: WhereInput = {}, filter?: string): RunSpec["selection"] {
  const checked = whereInput.safeParse(where);
  if (!checked.success) throw invalid(describeInvalid(checked.error, "where"));
  const raw = filter === undefined || filter.trim() === "" ? null : filter.trim();
  if (raw === null && !narrows(checked.data))
    throw invalid("selection: given nothing; allowed: where, filter, ids or from");
  const refused = raw === null ? null : refuseFilter(raw);
  if (refused !== null) throw invalid(`filter: ${refused}`);
  return { kind: "filter", where: checked.data, filter: raw };
}

function narrows(where: Where): boolean {
  return Object.values(where).some((value) => (Array.isArray(value) ? value.length > 0 : Boolean(value)));
}

/** Rows may complete a change, so only a whole one is judged at once. */
function checkChange(asked: ChangeInput, { isWhole }: { isWhole: boolean }): Change {
  const own = ownChangeInput.safeParse(asked);
  if (!own.success) throw invalid(describeInvalid(own.error));
  const change = changeSchema.parse(own.data);
  const refused = isWhole ? refuseChange(change) : [];
  if (refused.length > 0) throw invalid(refused.join("; "));
  return change;
}

/** Of a run, or of an undo, whose change every item brings along. */
export function specOf(
  options: RunOptions,
  selection: RunSpec["selection"],
  change: Change,
  undoes: string | null = null,
): RunSpec {
  const checked = optionsSchema.safeParse({ ...options, maxFailures: options.maxFailures });
  if (!checked.success) throw invalid(describeInvalid(checked.error));
  const { caseId, owner, instance, requestedBy, verify, limit, maxFailures } = checked.data;
  const runId = `r${randomBytes(8).toString("hex")}`;
  return {
    v: 1,
    run_id: runId,
    case_id: caseId ?? `bulk-${runId}`,
    instance,
    owner: owner ?? userName(),
    kind: undoes === null ? "reclassify" : "undo",
    undoes,
    selection,
    change,
    verify,
    limit: limit ?? null,
    max_failures: maxFailures,
    requested_by: requestedBy ?? null,
  };
}

/** A container may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

function invalid(message: string): Failure {
  return new Failure("invalid_input", message);
}
