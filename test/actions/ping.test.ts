import { describe, expect, it } from "vitest";
import { ping } from "../../src/actions/ping.ts";
import { Failure, type HeldBack } from "../../src/contract/failure.ts";
import type { Defender } from "../../src/contract/ports.ts";
import { done, failed, RecordingDefender, type Situation, situate } from "./recording-defender.ts";

const SUCCESS =
  "Successfully connected to the Microsoft 365 Defender server with the provided connection parameters!";
const input = ping.input.parse({ case_id: "4711" });

function defenderThatFails(failures: Partial<Record<keyof Defender, Failure>>): RecordingDefender {
  const defender = new RecordingDefender();
  for (const method of ["authenticate", "listIncidents", "runHuntingQuery"] as const) {
    const failure = failures[method];
    if (failure !== undefined) defender.failures.set(method, failure);
  }
  return defender;
}

const run = (situation: Situation) => ping.run(input, situate(situation).context);

function lacking(role: string): Failure {
  return new Failure("permission_denied", `The app lacks the Graph application permission ${role}`);
}

function heldBack(why: HeldBack): Failure {
  return new Failure("throttled", `held back for ${why}`, { heldBack: why });
}

describe("ping", () => {
  it("asks for a token, one incident and one hunting row, and says what it cannot prove", async () => {
    const defender = new RecordingDefender();
    const outcome = done(await run({ defender }));
    expect(outcome).toMatchObject({ isSuccess: true, message: SUCCESS });
    expect(outcome.json).toEqual({ token: "ok", "incident read": "ok", hunting: "ok" });
    expect(outcome.warnings?.join()).toContain("SecurityIncident.ReadWrite.All");
    expect(defender.calls).toEqual([
      { method: "authenticate", args: [] },
      { method: "listIncidents", args: [{ top: 1 }] },
      { method: "runHuntingQuery", args: [{ kql: "print ok=1" }] },
    ]);
  });

  it("looks only at the lanes that the instance serves", async () => {
    const defender = defenderThatFails({ runHuntingQuery: lacking("ThreatHunting.Read.All") });
    const outcome = done(await run({ defender, lanes: ["incidents"] }));
    expect(outcome.isSuccess).toBe(true);
    expect(outcome.json).toEqual({ token: "ok", "incident read": "ok" });
    expect(defender.callsOf("runHuntingQuery")).toEqual([]);
  });

  it("fails with a refused credential, and then asks for nothing else", async () => {
    const defender = defenderThatFails({ authenticate: new Failure("auth_failed", "AADSTS7000215") });
    await expect(run({ defender })).rejects.toMatchObject({ code: "auth_failed" });
    expect(defender.calls).toHaveLength(1);
  });

  it.each([
    ["listIncidents", "SecurityIncident.Read.All"],
    ["runHuntingQuery", "ThreatHunting.Read.All"],
  ] as const)("when %s is refused, it names %s, and has tried the other one", async (method, role) => {
    const defender = defenderThatFails({ [method]: lacking(role) });
    const { failure } = failed(await run({ defender }));
    expect(failure.code).toBe("permission_denied");
    expect(failure.message).toContain(role);
    expect(defender.calls.map((call) => call.method)).toContain("runHuntingQuery");
  });

  it("names all that is missing", async () => {
    const defender = defenderThatFails({
      listIncidents: lacking("SecurityIncident.Read.All"),
      runHuntingQuery: lacking("ThreatHunting.Read.All"),
    });
    const { failure } = failed(await run({ defender }));
    expect(failure.message).toBe(
      "The app lacks the Graph application permission SecurityIncident.Read.All; The app lacks the Graph application permission ThreatHunting.Read.All",
    );
  });

  it.each([
    ["throttled", "lane_paused"],
    ["quota", "lane_full"],
  ] as const)("is no success when a lane is held back for %s: %s", async (why, reason) => {
    const defender = defenderThatFails({ runHuntingQuery: heldBack(why) });
    const outcome = done(await run({ defender }));
    expect(outcome).toMatchObject({ isSuccess: false, reason });
    expect(outcome.message).toBe(
      `Failed to connect to the Microsoft 365 Defender server! Error is held back for ${why}`,
    );
    expect(outcome.json).toMatchObject({ "incident read": "ok", hunting: `held back for ${why}` });
  });

  it("prefers to tell of what a person must repair", async () => {
    const defender = defenderThatFails({
      listIncidents: heldBack("quota"),
      runHuntingQuery: lacking("ThreatHunting.Read.All"),
    });
    expect(failed(await run({ defender })).failure.code).toBe("permission_denied");
  });

  it("passes a defect of ours on", async () => {
    const defender = new RecordingDefender();
    defender.listIncidents = () => Promise.reject(new TypeError("a bug"));
    await expect(run({ defender })).rejects.toThrow("a bug");
  });
});
