import { describe, expect, it } from "vitest";
import { levelOf } from "../../src/engine/lane-worker.ts";

describe("the log line of a run", () => {
  const paused = { kind: "later", delayMs: 15_000, waitFor: "paused" } as const;

  it("is news when a job is paused, and none when it is seen to be paused still", () => {
    expect(levelOf(paused, { attemptsStarted: 1 })).toBe("info");
    expect(levelOf(paused, { attemptsStarted: 2 })).toBe("debug");
  });

  it("is news each time that a job waits for something else, or ends", () => {
    expect(levelOf({ ...paused, waitFor: "retry" }, { attemptsStarted: 2 })).toBe("info");
    expect(levelOf({ kind: "completed" }, { attemptsStarted: 2 })).toBe("info");
  });
});
