/** A comment whose answer never came: what became of it is read back before anything is sent again. */
import { describe, expect, it, type TestContext } from "vitest";
import { check } from "./checker.ts";
import type { Evidence } from "./evidence.ts";
import { openFaultRig } from "./rig.ts";

const POST_COMMENT = { method: "POST", path: "/incidents/29/comments$" };

/** Adds a comment to an incident whose first POST meets the fault; gives what came of it. */
async function comment(context: TestContext, fault: object, settle: string): Promise<Evidence> {
  const rig = await openFaultRig(context, { env: { COMMENT_SETTLE: settle } });
  await rig.simulator.addFault({ match: POST_COMMENT, times: 1, fault });
  await rig.startWorker();
  const job = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "contained" });
  await rig.finish(job);
  return await check(rig);
}

/** The calls for the incident in order, as `GET` or `POST`. */
function callsOf({ ledger }: Evidence): string[] {
  return ledger.arrivals.filter(({ path }) => path.includes("/incidents/29")).map(({ method }) => method);
}

describe.concurrent("a comment", { timeout: 60_000 }, () => {
  it.for([
    ["its connection was reset", { reset: "after" }],
    ["a gateway answered in its place", { status: 502, body: "<html>Bad gateway</html>", applied: true }],
    ["its answer broke off", { truncateBytes: 10 }],
  ] as const)("that was stored, though %s, is found and not sent again", async ([, fault], context) => {
    const evidence = await comment(context, fault, "60s");
    expect(callsOf(evidence).join(" ")).toMatch(/^GET POST GET( GET)*$/);
  });

  it("that was never stored is sent once more, after it was looked for and had time to settle", async (context) => {
    const evidence = await comment(context, { reset: "before" }, "1s");
    expect(callsOf(evidence).join(" ")).toMatch(/^GET POST GET( GET)* POST$/);
  });
});
