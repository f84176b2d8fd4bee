/** `defender-actions enqueue`: asks for an action and, with `--wait`, stays for its result. */
import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { type Command, Option } from "commander";
import { z } from "zod";
import { ACTION_NAMES } from "../../src/actions/catalog.ts";
import { Failure } from "../../src/contract/failure.ts";
import { PRIORITIES, type Priority } from "../../src/contract/job.ts";
import type { Result } from "../../src/contract/result.ts";
import { exitCodeOfResult } from "../../src/exit.ts";
import { printJson, printText, tell } from "../../src/output.ts";
import { duration } from "../../src/settings/fields.ts";
import { type Client, type Enqueued, type EnqueueOptions, WaitTimeout } from "../client.ts";
import { parseJsonText } from "./json-text.ts";
import { formatResult } from "./result-text.ts";
import { commandLine, reading, withClient } from "./session.ts";

interface Options {
  input?: string;
  inputFile?: string;
  idempotencyKey?: string;
  priority?: Priority;
  instance?: string;
  expiresIn?: number;
  requestedBy?: string;
  traceparent?: string;
  wait?: number | true;
  json?: boolean;
}

const DEFAULT_WAIT_S = 60;
/** A week: longer waits belong to a follower. */
const LONGEST_WAIT_S = 604_800;

const waitSeconds = z
  .string()
  .regex(/^\d+(\.\d+)?$/, { error: `Allowed: seconds from 0 to ${LONGEST_WAIT_S}.` })
  .transform(Number)
  .refine((seconds) => seconds <= LONGEST_WAIT_S, {
    error: `Allowed: seconds from 0 to ${LONGEST_WAIT_S}.`,
  });

export function defineEnqueue(command: Command): void {
  command
    .argument("<action>", ACTION_NAMES.join(", "))
    .addOption(new Option("--input <json>", "the action's arguments as a JSON object").conflicts("inputFile"))
    .option("--input-file <file>", "a file that holds them, or - for standard input")
    .option("--idempotency-key <key>", "the same key with the same input is the same job")
    .addOption(new Option("--priority <priority>", "whether somebody waits for it").choices(PRIORITIES))
    .option("--instance <name>", "the Defender connection to use")
    .option("--expires-in <time>", "too late after this time, such as 10m", reading(duration("1ms", "30d")))
    .option("--requested-by <name>", "the analyst or playbook that asks")
    .option("--traceparent <value>", "W3C trace context")
    .option("--wait [seconds]", `wait for the result (${DEFAULT_WAIT_S} when bare)`, reading(waitSeconds))
    .option("--json", "print JSON")
    .action(async (action: string, options: Options) => {
      const input = await readInput(options);
      await withClient(async (client) => {
        const job = await client.submit({ action, input, options: enqueueOptions(options) });
        if (options.wait === undefined) await (options.json ? printJson(job) : printText(describe(job)));
        else await waitFor(client, job, options.wait === true ? DEFAULT_WAIT_S : options.wait, options);
      });
    });
}

function enqueueOptions(given: Options): EnqueueOptions {
  const { idempotencyKey, priority, instance, expiresIn, requestedBy, traceparent } = given;
  return { idempotencyKey, priority, instance, expiresInMs: expiresIn, requestedBy, traceparent };
}

async function readInput({ input, inputFile }: Options): Promise<unknown> {
  if (input !== undefined) return parseJsonText(input, "--input");
  if (inputFile === undefined)
    throw new Failure(
      "invalid_input",
      "input: given nothing; allowed: --input '<json>' or --input-file <file>",
    );
  if (inputFile === "-") return parseJsonText(await readAll(process.stdin), "standard input");
  const text = await readFile(inputFile, "utf8").catch((error: unknown) => {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new Failure("invalid_input", `--input-file: cannot read ${JSON.stringify(inputFile)} (${why})`);
  });
  return parseJsonText(text, inputFile);
}

async function waitFor(client: Client, job: Enqueued, seconds: number, { json }: Options): Promise<void> {
  let result: Result;
  try {
    result = await client.waitForResult(job, { timeoutMs: seconds * 1_000 });
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    result = error.last;
    tell(
      `The job is still ${result.status} after ${seconds} s, and goes on.\n` +
        `To follow it: ${commandLine("results", job.caseId, "--job", job.jobId, "--follow")}\n` +
        `To cancel it: ${commandLine("cancel", job.caseId, "--job", job.jobId)}`,
    );
  }
  await (json ? printJson(result) : printText(formatResult(result)));
  process.exitCode = exitCodeOfResult(result);
}

function describe({ action, caseId, jobId, deduplicated }: Enqueued): string {
  const verb = deduplicated ? "was accepted before" : "is queued";
  const read = commandLine("results", caseId, "--job", jobId);
  return `${action} ${verb} as job ${jobId}\nTo read its result: ${read}`;
}
