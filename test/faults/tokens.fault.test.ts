/** Tokens are nobody's concern: one request for however many jobs, and one more when they are refused or about to end. */
import { describe, expect, it } from "vitest";
import { arrivalsOf } from "./arrivals.ts";
import { check } from "./checker.ts";
import { allOver, assign, comment, times } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";

/** As many as a worker has in hand at once in one queue. */
const AT_ONCE = 8;
/** Nothing special in the simulator's seeds. */
const FIRST_INCIDENT = 32;
const TOKEN_ENDPOINT = { method: "POST", path: "/oauth2/v2.0/token$" };

describe.concurrent("a token", { timeout: 120_000 }, () => {
  it("is asked for once, though every slot of a worker waits for the first one", async (context) => {
    const rig = await openFaultRig(context);
    await rig.simulator.addFault({ match: TOKEN_ENDPOINT, times: 1, fault: { delayMs: 1_000 } });
    await rig.acceptMany([
      ...times(AT_ONCE, (index) => comment(FIRST_INCIDENT + index, `interactive ${index}.`)),
      ...times(AT_ONCE, (index) =>
        assign(FIRST_INCIDENT + AT_ONCE + index, `bulk${index}`, { priority: "bulk" }),
      ),
    ]);
    await rig.startWorker();

    await allOver(rig, rig.accepted, 60_000);

    expect(await arrivalsOf(rig, { lane: "token" })).toHaveLength(1);
    await check(rig);
  });

  it("that is revoked under a job's hands is renewed once for all of them, and each refused call is made once more", async (context) => {
    const rig = await openFaultRig(context);
    const { simulator } = rig;
    // The reads are under way when the token goes, so it is the writes that are refused: all, before the first one hears of it.
    await simulator.addFault({
      match: { method: "GET", path: "/incidents/\\d+$" },
      times: AT_ONCE,
      fault: { delayMs: 2_000 },
    });
    for (const method of ["POST", "PATCH"])
      await simulator.addFault({
        match: { method, path: "/incidents/" },
        times: AT_ONCE / 2,
        fault: { delayMs: 1_000 },
      });
    await rig.startWorker();
    await rig.acceptMany([
      ...times(AT_ONCE / 2, (index) => comment(FIRST_INCIDENT + index, `text ${index}.`)),
      ...times(AT_ONCE / 2, (index) => assign(FIRST_INCIDENT + AT_ONCE / 2 + index, `person${index}`)),
    ]);
    await simulator.arrivals("GET .*/incidents/", AT_ONCE);
    await simulator.revokeTokens();

    const results = await allOver(rig, rig.accepted, 60_000);

    expect(results.map(({ attempts }) => attempts)).toEqual(times(AT_ONCE, () => 1));
    expect(await arrivalsOf(rig, { lane: "token" })).toHaveLength(2);
    const writes = (await arrivalsOf(rig, { lane: "incidents" })).filter(({ method }) => method !== "GET");
    const paths = [...new Set(writes.map(({ path }) => path))];
    const statuses = paths.map((path) =>
      writes
        .filter((write) => write.path === path)
        .map(({ status }) => (status === 401 ? "refused" : "done")),
    );
    expect(statuses).toEqual(times(AT_ONCE, () => ["refused", "done"]));
    await check(rig);
  });

  it.for([
    ["is busy (503)", { status: 503, headers: { "Retry-After": "60" } }],
    ["throttles (429)", { status: 429, headers: { "Retry-After": "60" } }],
    ["hangs", { hang: true }],
  ] as const)("serves on while the endpoint that should renew it %s", async ([, fault], context) => {
    // Renewed from 20 s on, used until 30 s: time enough for a busy machine to do all that it serves.
    const rig = await openFaultRig(context, { settings: { tokenLifetimeSeconds: 40 } });
    const { simulator } = rig;
    await rig.startWorker();
    await rig.finish(await rig.accept("update_incident", assign(FIRST_INCIDENT, "first").input));
    await simulator.addFault({ match: TOKEN_ENDPOINT, times: null, fault });
    // Whoever needs a token while the old one is half used up sets the renewal off, and does not wait for it.
    for (let round = 1; (await arrivalsOf(rig, { lane: "token" })).length < 2; round += 1)
      await rig.finish(await rig.accept("update_incident", assign(FIRST_INCIDENT, `round${round}`).input));
    await rig.acceptMany(times(AT_ONCE, (index) => comment(FIRST_INCIDENT + 1 + index, `text ${index}.`)));
    const results = await allOver(rig, rig.accepted, 60_000);

    expect(results.every(({ attempts }) => attempts === 1)).toBe(true);
    expect(await arrivalsOf(rig, { lane: "token" })).toHaveLength(2);
    await check(rig);
  });
});
