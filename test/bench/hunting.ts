/** `npm run bench:hunting`: queries over many entities, and an answer as large as Graph gives, through a worker as it is shipped. */
import { availableParallelism, loadavg } from "node:os";
import { Command, Option } from "commander";
import { reading } from "../../producers/commands/session.ts";
import { print, printJson, tell } from "../../src/output.ts";
import { formatAim } from "./aim.ts";
import { type HuntingFigures, huntingAims, huntingFacts } from "./hunting-aims.ts";
import { measureAnswer } from "./hunting-answer.ts";
import { measureQuery } from "./hunting-query.ts";
import { count, runBench, type Session } from "./session.ts";

const PARTS = ["query", "answer"] as const;

interface Options {
  entities: number;
  rows: number;
  bytes: number;
  only: (typeof PARTS)[number][];
  json?: true;
}

const command = new Command("npm run bench:hunting --")
  .option("--entities <n>", "of the query", reading(count), 500)
  .option("--rows <n>", "of the answer", reading(count), 100_000)
  .option("--bytes <n>", "of text in a row", reading(count), 372)
  .addOption(new Option("--only <part...>", "what is measured").choices(PARTS).default([...PARTS]))
  .option("--json", "print figures and aims as JSON");

async function bench({ entities, rows, bytes, only, json }: Options, session: Session): Promise<void> {
  const figures: HuntingFigures = {
    conditions: `${availableParallelism()} CPUs, load ${(loadavg()[0] ?? 0).toFixed(1)} at the start`,
    query: null,
    answer: null,
  };
  if (only.includes("query")) {
    tell(`a query over ${entities} entities …`);
    figures.query = await measureQuery(entities, session);
  }
  if (only.includes("answer")) {
    tell(`an answer of ${rows} rows …`);
    figures.answer = await measureAnswer(rows, bytes, session);
  }
  const aims = huntingAims(figures);
  if (json) return await printJson({ ...figures, aims });
  const lines = aims.map(({ what, measured, wanted, isMet }) => formatAim(what, measured, wanted, isMet));
  await print(`${[figures.conditions, ...huntingFacts(figures), ...lines].join("\n")}\n`);
}

await runBench(command, bench);
