/** From a draft to a run: shows what it would do, asks, begins it and stays with it. */
import { setTimeout as sleep } from "node:timers/promises";
import { grouped, plural } from "../../../src/bulk/numbers.ts";
import type { RunStatus } from "../../../src/bulk/run.ts";
import { Failure } from "../../../src/contract/failure.ts";
import { byWhom } from "../../../src/contract/result.ts";
import { EXIT } from "../../../src/exit.ts";
import { waitForSignal } from "../../../src/lifecycle.ts";
import { printJsonLine, printText, tell, visible } from "../../../src/output.ts";
import { checkSize, refuseSize } from "../../bulk/size.ts";
import type { Client, Draft, DraftLook, UndoDraft } from "../../client.ts";
import { confirm, isOnTerminal } from "../confirm.ts";
import { commandLine } from "../session.ts";
import { followRun } from "./follow.ts";
import { formatPlan, formatRemains, toPlanJson } from "./plan-text.ts";
import type { NewRunOptions } from "./run-options.ts";

const LOOK_EVERY_MS = 500;
/** Nothing is said of what takes no longer. */
const FIRST_SAID_AFTER_MS = 2_000;
const SAID_EVERY_MS = 10_000;

type AnyDraft = Draft & Partial<Pick<UndoDraft, "remains">>;

/** A draft that is not begun is forgotten, however this ends. */
export async function begin(client: Client, draft: AnyDraft, options: NewRunOptions): Promise<void> {
  const { run_id: runId } = draft.run;
  const stop = new AbortController();
  void waitForSignal().then(() => stop.abort());
  let isBegun = false;
  try {
    isBegun = await agree(client, draft, options, stop.signal);
    if (isBegun) await start(client, runId, options);
  } finally {
    if (!isBegun) await client.bulk.cancel(runId).catch(() => undefined);
  }
  if (isBegun) await followRun(client, runId, { signal: stop.signal, json: options.json });
}

async function agree(
  client: Client,
  draft: AnyDraft,
  options: NewRunOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { yes, dryRun, json, expect } = options;
  const isAgreed = yes === true && dryRun !== true;
  const look = await lookAt(client, draft, { isWhole: !isAgreed, signal });
  const { run } = look;
  if (signal.aborted) {
    tell("Nothing was done.");
    process.exitCode = EXIT.failed;
    return false;
  }
  if (run.counts.selected === 0) {
    if (json) await printJsonLine({ event: "plan", ...toPlanJson(look, draft) });
    else await printText(formatEmpty(draft, look));
    return false;
  }
  if (isAgreed) return true;
  const refused = refuseSize(run.counts.selected, { limit: run.limit, expect });
  if (json) await printJsonLine({ event: "plan", ...toPlanJson(look, draft) });
  else if (dryRun) await printText(formatPlan(look, draft));
  else tell(formatPlan(look, draft));
  if (dryRun) {
    if (refused !== null) tell(`It would be refused: ${refused}`);
    tell("Nothing was done. To do it: --yes");
    return false;
  }
  checkSize(run.counts.selected, { limit: run.limit, expect });
  if (!isOnTerminal())
    throw new Failure(
      "invalid_input",
      "nothing was done: given no --yes, and there is no terminal to ask on",
    );
  const isYes = await confirm(`Change ${plural(run.counts.selected, "incident")}?`);
  if (!isYes) tell("Nothing was done.");
  return isYes;
}

/** Waits until all is selected and, for a plan, as many are looked at as will be. */
async function lookAt(
  client: Client,
  { run: { run_id: runId, is_selected: isSelected } }: AnyDraft,
  { isWhole, signal }: { isWhole: boolean; signal: AbortSignal },
): Promise<DraftLook> {
  let sayAtMs = Date.now() + FIRST_SAID_AFTER_MS;
  for (;;) {
    // Only a worker can select or look, and it is asked for only then.
    const look = await client.bulk.look(runId, { isAsked: isWhole || !isSelected });
    const { run, plan } = look;
    if (run.state === "failed" || run.state === "cancelled")
      throw new Failure(
        "defender_unavailable",
        `the selection ended as ${run.state}: ${run.reason ?? "by hand"}`,
      );
    if (signal.aborted || (run.is_selected && (!isWhole || plan.is_complete || run.counts.selected === 0)))
      return look;
    if (Date.now() >= sayAtMs) {
      sayAtMs = Date.now() + SAID_EVERY_MS;
      tell(formatSelecting(run));
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function formatSelecting({ waiting, instance, counts: { read, selected } }: RunStatus): string {
  if (waiting !== null) return `Waiting to select: paused ${visible(byWhom(waiting))}`;
  if (read === 0) return `Waiting for a worker of ${instance} to select.`;
  return `Selecting: ${grouped(read)} read, ${grouped(selected)} selected.`;
}

function formatEmpty({ remains }: AnyDraft, { run }: DraftLook): string {
  const nothing = "No incident is selected: there is nothing to do.";
  return remains === undefined ? nothing : [nothing, ...formatRemains(remains, run)].join("\n");
}

async function start(client: Client, runId: string, { expect, json }: NewRunOptions): Promise<void> {
  const run = await client.bulk.start(runId, { expect });
  if (json) return await printJsonLine({ event: "started", run });
  tell(
    `Run ${run.run_id} has begun, case ${run.case_id}. Ctrl-C leaves it to itself.\n` +
      `To come back: ${commandLine("bulk", "status", run.run_id, "--follow")}`,
  );
}
