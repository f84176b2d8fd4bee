/** The log: JSON on standard error, readable on a terminal. No secret and no payload gets in. */
import { type DestinationStream, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import { Failure } from "./contract/failure.ts";

export type Log = Logger;

/** Only what we know to be harmless: stacks, causes and foreign fields may hold tokens or payloads. */
function describeError(error: unknown): object {
  if (error instanceof Failure) return error.toRecord();
  if (error instanceof Error) return { name: error.name, message: error.message };
  return { message: String(error) };
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
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError, error: describeError },
    redact: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  };
  if (destination !== undefined) return pino(options, destination);
  if (process.stderr.isTTY) return pino(options, pretty({ destination: 2, sync: true }));
  return pino(options, pino.destination({ dest: 2, sync: true }));
}
