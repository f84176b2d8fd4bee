/** A waiting client comes back by itself from a Redis that was away. */
import { describe, expect, it } from "vitest";
import { createClient } from "../../producers/client.ts";
import { check } from "./checker.ts";
import { openFaultRig, openProxy } from "./rig.ts";

/** A waiting client looks by itself every 10 s. */
const WAIT_ENDS_WITHIN_MS = 15_000;

describe.concurrent("after an outage of Redis", { timeout: 180_000 }, () => {
  it("that left the client's subscription half-open, a wait ends all the same", async (context) => {
    const rig = await openFaultRig(context);
    const proxy = await openProxy(context, rig.redisUrl);
    await rig.startWorker();
    await rig.simulator.addFault({ match: { path: "/incidents/29$" }, times: 1, fault: { delayMs: 3_000 } });
    const client = createClient({ redisUrl: proxy.url, queuePrefix: rig.prefix });
    context.onTestFinished(() => client.close());
    const job = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "contained" });
    const waiting = client.waitForResult(job, { timeoutMs: 60_000 });
    await rig.simulator.arrivals("GET .*/incidents/29$");
    const forgotten = new Set(proxy.connections().filter(({ name }) => name === "defender-client-watch"));
    expect(forgotten.size).toBe(1);
    proxy.goDeaf((connection) => forgotten.has(connection));
    const startMs = performance.now();
    expect(await waiting).toMatchObject({ status: "completed" });
    expect(performance.now() - startMs).toBeLessThan(WAIT_ENDS_WITHIN_MS);
    await check(rig);
  });
});
