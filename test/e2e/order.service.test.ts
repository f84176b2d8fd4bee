/** Writes to one incident end in the order they were accepted. */
import { expect, test } from "vitest";
import { CASE, openPipe } from "../support/pipe.ts";

test("of two updates, the first one throttled and retried, the second one's values stay", async () => {
  const { client, simulator, startWorker } = await openPipe();
  await simulator.addFault({
    match: { method: "PATCH", path: "/incidents/29$" },
    times: 1,
    fault: { status: 429, headers: { "Retry-After": "2" } },
  });
  await Promise.all([startWorker(), startWorker()]);
  const update = { ...CASE, incident_id: 29 };
  const first = await client.enqueue("update_incident", {
    ...update,
    status: "Resolved",
    assign_to: "first@contoso.com",
  });
  const second = await client.enqueue("update_incident", {
    ...update,
    status: "Active",
    assign_to: "second@contoso.com",
  });
  const other = await client.enqueue("update_incident", { ...CASE, incident_id: 7, status: "Resolved" });

  const results = await Promise.all(
    [first, second, other].map((job) => client.waitForResult(job, { timeoutMs: 40_000 })),
  );

  expect(results.map(({ is_success, attempts }) => [is_success, attempts])).toEqual([
    [true, 1],
    [true, 1],
    [true, 1],
  ]);
  expect(await simulator.incident("29")).toMatchObject({
    status: "active",
    assignedTo: "second@contoso.com",
  });
  const { arrivals, effects } = await simulator.ledger();
  expect(arrivals.filter(({ status }) => status === 429)).toHaveLength(1);
  expect(effects.filter(({ incidentId }) => incidentId === "29")).toHaveLength(2);
});
