/** The log: JSON on standard error, readable on a terminal. No secret and no payload gets in. */
import { type DestinationStream, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import { Failure } from "./contract/failure.ts";

export type Log = Logger;

/** Only what we know to be harmless: causes and foreign fields may hold tokens or payloads. */
function describeError(error: unknown, withStack: boolean): object {
  if (error instanceof Failure) return error.toRecord();
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  return { name, message, ...(withStack ? { stack } : {}) };
}

/** A second net: secrets are kept out where log lines are written. */
const SECRETS = [
  "authorization",
  "Authorization",
  "password",
  "secret",
  "token",
  "accessToken",
  "clientSecret",
];

/** `destination` is for tests; the default is standard error. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const withStack = level === "debug" || level === "trace";
  const serialize = (error: unknown): object => describeError(error, withStack);
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serialize, error: serialize },
    redact: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  };
  if (destination !== undefined) return pino(options, destination);
  if (process.stderr.isTTY) return pino(options, pretty({ destination: 2, sync: true }));
  return pino(options, pino.destination({ dest: 2, sync: true }));
}

/** Warnings of Node itself, which it would print as plain text into the log. */
export function logWarnings(log: Log): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning) => log.warn({ event: "node.warning", err: warning }, "Node warns"));
}
