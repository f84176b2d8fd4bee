/** One gate while Defender asks to wait: the pause, its probe, and no burst after it. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { randomPrefix } from "../support/prefix.ts";
import { busiestWindow } from "../support/windows.ts";
import { manual, open, passage, refusal, send, sendPersistently, untilOpen } from "./opened-gate.ts";

describe.concurrent("a paused gate", () => {
  it("checks the pause last", async (test) => {
    const gate = await open(test, [{ calls: 5, windowMs: 60_000 }]);
    const beforeSend = async () => void (await gate.pause(10_000));
    const failure = await refusal(gate.run(passage({ beforeSend }), send));
    expect(failure).toMatchObject({ code: "throttled", details: { heldBack: "throttled" } });
    expect(failure.details.retryAfterMs).toBeGreaterThan(9_000);
  });

  it("lets one probe go after a pause, and then the others one by one", async (test) => {
    const prefix = randomPrefix();
    const windows = [{ calls: 10, windowMs: 2_000 }];
    const [gate, other] = await Promise.all([open(test, windows, prefix), open(test, windows, prefix)]);
    await gate.pause(2_000);
    expect(await other.heldForMs("bulk")).toBeGreaterThan(0);
    await untilOpen(other);

    const answer = manual();
    let probes = 0;
    const probe = (sent: () => void) => {
      probes += 1;
      sent();
      return answer.promise;
    };
    const runs = [gate, other, gate, other, gate].map((each) => each.run(passage(), probe));
    const refused = await Promise.any(runs.map(refusal));
    expect(refused).toMatchObject({ code: "throttled", details: { heldBack: "throttled" } });
    expect(refused.details.retryAfterMs).toBeLessThanOrEqual(500);
    const settled = Promise.allSettled(runs);
    expect(await other.heldForMs("interactive")).toBeGreaterThan(0);
    answer.resolve();
    expect((await settled).filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(probes).toBe(1);

    const times = await Promise.all(
      Array.from({ length: 5 }, (_, index) => sendPersistently(index % 2 ? gate : other)),
    );
    expect(busiestWindow(times, 250)).toBeLessThanOrEqual(2);
  });

  it("keeps probing while Defender goes on refusing", async (test) => {
    const gate = await open(test, [{ calls: 10, windowMs: 1_000 }]);
    await gate.pause(100);
    await untilOpen(gate);
    const refuse = async (sent: () => void) => {
      sent();
      const retryAfterMs = await gate.pause(200);
      throw new Failure("throttled", "429", { heldBack: "throttled", retryAfterMs });
    };
    await refusal(gate.run(passage(), refuse));
    expect((await refusal(gate.run(passage(), send))).details.heldBack).toBe("throttled");
    await untilOpen(gate);
    await sendPersistently(gate);
  });

  it("passes the probe on when it was not sent", async (test) => {
    const gate = await open(test, [{ calls: 10, windowMs: 1_000 }]);
    await gate.pause(100);
    await untilOpen(gate);
    await gate.run(passage(), async () => {});
    await sendPersistently(gate);
  });
});
