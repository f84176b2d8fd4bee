import { inject, it } from "vitest";
import { openRig } from "../support/rig.ts";
import { acceptRun } from "./acceptance.ts";

it("a run and its undo change each of 300 incidents once each, through a pause and crashes of who asked and who works", {
  timeout: 240_000,
}, async ({ onTestFinished }) => {
  const rig = await openRig({
    redisUrl: inject("redisUrl"),
    settings: { quotas: { incidents: null, hunting: null } },
    env: { DEFENDER_INCIDENT_LIMITS: "60/1s" },
  });
  onTestFinished(() => rig.close("SIGKILL"));
  await acceptRun(rig, { incidents: 300, timeoutMs: 60_000 });
});
