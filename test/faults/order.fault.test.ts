/** Under throttling, lost answers and kills, an incident ends as its last accepted update says. */
import { expect, it } from "vitest";
import { check } from "./checker.ts";
import { Crew } from "./crew.ts";
import { allOver, assign, times } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";

const INCIDENTS = [32, 33, 34];
const UPDATES = 60;
const PATCH = { method: "PATCH", path: "/incidents/" };
const FAULTS = [
  { match: PATCH, after: 3, times: 1, fault: { status: 429, headers: { "Retry-After": "2" } } },
  { match: PATCH, after: 8, times: 2, fault: { reset: "after" } },
  { match: PATCH, after: 14, times: 2, fault: { reset: "before" } },
  {
    match: PATCH,
    after: 20,
    times: 1,
    fault: { status: 502, body: "<html>Bad gateway</html>", applied: true },
  },
];

it("sixty updates to three incidents are made one after the other, and the last accepted ones stay", async (context) => {
  const rig = await openFaultRig(context);
  for (const fault of FAULTS) await rig.simulator.addFault(fault);
  const jobs = await rig.acceptMany(
    times(UPDATES, (index) => assign(INCIDENTS[index % INCIDENTS.length] ?? 0, `analyst-${index}`)),
  );
  const crew = new Crew(rig);
  await Promise.all(times(3, () => crew.hire()));
  await rig.simulator.effect("patch 32");
  await crew.kill(0, "after-send");
  await crew.kill(1, null);
  await allOver(rig, jobs, 240_000);
  crew.dismiss();

  const { ledger } = await check(rig, { events: ["job.stalled"] });
  for (const id of INCIDENTS) {
    const assignees = ledger.effects
      .filter(({ incidentId }) => incidentId === String(id))
      .map(({ what }) => what);
    const accepted = jobs.filter(({ input }) => input["incident_id"] === id);
    expect(assignees).toMatchObject(accepted.map(({ input }) => ({ assignedTo: input["assign_to"] })));
  }
  expect(crew.losses).toBeGreaterThanOrEqual(2);
});
