/** Ping: proves token, incident read and hunting one by one, at once or not at all. */
import type { z } from "zod";
import { actionInput } from "../contract/arguments.ts";
import { type ActionContext, defineAction, type Outcome } from "../contract/define-action.ts";
import { Failure } from "../contract/failure.ts";
import type { Lane } from "../contract/job.ts";
import type { Defender } from "../contract/ports.ts";

const input = actionInput({});

/** One call for each lane, with the fewest side effects (`defender-api.md` 6). */
const PROBES: Readonly<Record<Lane, { checks: string; call(defender: Defender): Promise<unknown> }>> = {
  incidents: { checks: "incident read", call: (defender) => defender.listIncidents({ top: 1 }) },
  hunting: { checks: "hunting", call: (defender) => defender.runHuntingQuery({ kql: "print ok=1" }) },
};

interface Finding {
  check: string;
  ok: boolean;
  message: string;
  failure?: Failure;
}

async function probe(context: ActionContext, lane: Lane): Promise<Finding> {
  const { checks: check, call } = PROBES[lane];
  try {
    await call(context.defender);
    return { check, ok: true, message: "ok" };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { check, ok: false, message: error.message, failure: error };
  }
}

async function run(_input: z.output<typeof input>, context: ActionContext): Promise<Outcome> {
  await context.defender.authenticate();
  const findings: Finding[] = [{ check: "token", ok: true, message: "ok" }];
  for (const lane of context.lanes) findings.push(await probe(context, lane));
  const json = Object.fromEntries(findings.map(({ check, ok, message }) => [check, ok ? "ok" : message]));

  const failures = findings.map(({ failure }) => failure).filter((failure) => failure !== undefined);
  const [first, ...more] = failures.filter(({ code }) => code !== "throttled");
  if (first !== undefined) {
    const message = [first, ...more].map((failure) => failure.message).join("; ");
    return { kind: "failed", failure: new Failure(first.code, message, first.details) };
  }
  const [held] = failures;
  if (held !== undefined) {
    const reason = held.details.heldBack === "quota" ? "lane_full" : "lane_paused";
    return { kind: "done", isSuccess: false, reason, message: `${ping.failurePrefix}${held.message}`, json };
  }
  return {
    kind: "done",
    isSuccess: true,
    message:
      "Successfully connected to the Microsoft 365 Defender server with the provided connection parameters!",
    json,
    warnings: ["Write permission (SecurityIncident.ReadWrite.All) cannot be proven without writing."],
  };
}

export const ping = defineAction({
  name: "ping",
  title: "Ping",
  description:
    "Test connectivity to the Microsoft 365 Defender: token, incident read and hunting, each by itself.",
  lane: "ping",
  effect: "read",
  permissions: ["SecurityIncident.Read.All", "ThreatHunting.Read.All"],
  failurePrefix: "Failed to connect to the Microsoft 365 Defender server! Error is ",
  input,
  run,
});
