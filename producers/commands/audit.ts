/** `defender-actions audit`: who asked for what, what was sent, and what Defender answered. */
import { type Command, Option } from "commander";
import { type AuditFilter, AuditReader, type AuditRecord } from "../../src/audit/reader.ts";
import { loadProducerConfig } from "../../src/config.ts";
import { waitForSignal } from "../../src/lifecycle.ts";
import { printJsonLine, printText, tell } from "../../src/output.ts";
import { connectProducer, connectWorker } from "../../src/queue/connection.ts";
import { duration, integer } from "../../src/settings/fields.ts";
import { formatRecord, toJsonRecord } from "./audit-text.ts";
import { reading } from "./session.ts";

interface Options {
  since: number;
  case?: string;
  incident?: string;
  by?: string;
  limit?: number;
  follow?: boolean;
  json?: boolean;
}

const DAY_MS = 86_400_000;

export function defineAudit(command: Command): void {
  command
    .addOption(
      new Option("--since <time>", "of this time until now")
        .argParser(reading(duration("1ms", "3650d")))
        .default(DAY_MS, "24h"),
    )
    .option("--case <id>", "of one case of the SOAR")
    .option("--incident <id>", "of one incident")
    .option("--by <name>", "of one API token, user or analyst")
    .option("--limit <count>", "at most so many, the newest", reading(integer(1, 1_000_000)))
    .option("--follow", "go on until Ctrl-C")
    .option("--json", "print JSON, one entry a line")
    .action(show);
}

async function show({ since, case: caseId, incident: incidentId, by, ...options }: Options): Promise<void> {
  const { limit, follow, json } = options;
  const filter: AuditFilter = { caseId, incidentId, by };
  const print = json
    ? (record: AuditRecord) => printJsonLine(toJsonRecord(record))
    : (record: AuditRecord) => printText(formatRecord(record));
  const { redis: config } = loadProducerConfig();
  const redis = connectProducer(config, { name: "defender-audit" });
  let count = 0;
  let until: string;
  try {
    const reader = new AuditReader(redis, config.prefix);
    until = await reader.last();
    const span = { sinceMs: Date.now() - since, until };
    const records =
      limit === undefined ? reader.read(filter, span) : await reader.newest(filter, span, limit);
    for await (const record of records) {
      count += 1;
      await print(record);
    }
  } finally {
    redis.disconnect();
  }
  if (!follow) {
    if (count === 0 && !json) tell("Nothing of that was taken down.");
    return;
  }
  const stop = new AbortController();
  void waitForSignal().then(() => stop.abort());
  const follower = new AuditReader(connectWorker(config, { name: "defender-audit-watch" }), config.prefix);
  for await (const record of follower.follow(filter, until, stop.signal)) await print(record);
}
