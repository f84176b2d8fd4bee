import { describe, expect, it } from "vitest";
import { Failure } from "../src/contract/failure.ts";
import { createLog, type Log, logWarnings } from "../src/log.ts";

function logged(write: (log: Log) => void, level = "info"): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLog(level, { write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

/** As axios throws it: the bearer token is in it three times. */
const foreign = Object.assign(new Error("Request failed with status code 500", { cause: "canary" }), {
  config: { headers: { Authorization: "Bearer canary" }, data: "canary" },
  request: { _header: "Authorization: Bearer canary" },
});

describe("the log", () => {
  it("is JSON with a readable level and time", () => {
    const [line] = logged((log) => log.warn({ jobId: "7" }, "job stalled"));
    expect(line).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      jobId: "7",
      msg: "job stalled",
    });
  });

  it("shows a failure as its record", () => {
    const failure = new Failure("throttled", "wait a minute", { httpStatus: 429 });
    const [line] = logged((log) => log.error({ err: failure }, "call failed"));
    expect(line?.["err"]).toEqual(failure.toRecord());
  });

  it.each(["info", "trace"])("keeps what a foreign error carries to itself at level %s", (level) => {
    const lines = logged((log) => {
      log.error(foreign);
      log.error({ err: foreign }, "call failed");
      log.error({ error: foreign }, "call failed");
    }, level);
    expect(lines).toHaveLength(3);
    expect(JSON.stringify(lines)).not.toContain("canary");
  });

  it("shows stacks only to those who ask for details", () => {
    const atLevel = (level: string) =>
      logged((log) => log.error({ err: foreign }, "call failed"), level)[0]?.["err"];
    expect(atLevel("info")).not.toHaveProperty("stack");
    expect(atLevel("debug")).toHaveProperty("stack");
  });

  it("blots out known names of secrets, should one get in", () => {
    const lines = logged((log) => {
      log.info({ headers: { authorization: "Bearer canary" } }, "request");
      log.info({ instance: { credential: { secret: "canary" } }, token: "canary" }, "instance");
    });
    expect(JSON.stringify(lines)).not.toContain("canary");
  });
});

it("a warning of Node is a line of the log like any other", () => {
  const printing = process.listeners("warning");
  const [line] = logged((log) => {
    logWarnings(log);
    process.emit(
      "warning",
      Object.assign(new Error("11 listeners"), { name: "MaxListenersExceededWarning" }),
    );
  });
  process.removeAllListeners("warning");
  for (const listener of printing) process.on("warning", listener);
  expect(line).toMatchObject({
    level: "warn",
    event: "node.warning",
    err: { name: "MaxListenersExceededWarning", message: "11 listeners" },
  });
});
