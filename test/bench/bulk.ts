/** `npm run bench:bulk`: what bulk runs cost and how fast they are: a million ids, thousands under a quota, two at once. */
import { availableParallelism, loadavg } from "node:os";
import { Command, Option } from "commander";
import { z } from "zod";
import { reading } from "../../producers/commands/session.ts";
import { print, printJson, tell } from "../../src/output.ts";
import { formatAim } from "./aim.ts";
import { type BulkFigures, bulkAims } from "./bulk-aims.ts";
import { measureFairness } from "./bulk-fairness.ts";
import { measureRate } from "./bulk-rate.ts";
import { measureScale } from "./bulk-scale.ts";
import { count, runBench, type Session } from "./session.ts";

const PARTS = ["scale", "rate", "fairness"] as const;

interface Options {
  sizes: number[];
  incidents: number;
  only: (typeof PARTS)[number][];
  json?: true;
}

const sizes = z
  .string()
  .regex(/^[1-9]\d{0,6}(,[1-9]\d{0,6})*$/, "Allowed: whole numbers such as 1000,1000000.")
  .transform((text) => text.split(",").map(Number));

const command = new Command("npm run bench:bulk --")
  .option("--sizes <n,…>", "of the id lists to accept", reading(sizes), [1_000, 100_000, 1_000_000])
  .option("--incidents <n>", "of the run under a quota", reading(count), 5_000)
  .addOption(new Option("--only <part...>", "what is measured").choices(PARTS).default([...PARTS]))
  .option("--json", "print figures and aims as JSON");

/** A slot each 40 ms, a dozen times as fast as the default of 120 a minute; what is lost at the turn of a window weighs six times as much. */
const LIMIT = { calls: 250, windowMs: 10_000 };
const MINUTE_MS = 60_000;

async function bench({ sizes: lists, incidents, only, json }: Options, session: Session): Promise<void> {
  const figures: BulkFigures = {
    conditions: `${availableParallelism()} CPUs, load ${(loadavg()[0] ?? 0).toFixed(1)} at the start`,
    scale: [],
    rate: null,
    fairness: null,
  };
  for (const size of only.includes("scale") ? lists : []) {
    tell(`${size} ids …`);
    figures.scale.push(await measureScale(size, session));
  }
  if (only.includes("rate")) {
    tell(`${incidents} incidents under a quota …`);
    figures.rate = await measureRate(incidents, LIMIT, session);
  }
  if (only.includes("fairness")) {
    tell("two runs at once …");
    const over = { limit: LIMIT, windowMs: MINUTE_MS, spanMs: 1.25 * MINUTE_MS };
    figures.fairness = await measureFairness(over, session);
  }
  const aims = bulkAims(figures);
  if (json) return await printJson({ ...figures, aims });
  const lines = aims.map(({ what, measured, wanted, isMet }) => formatAim(what, measured, wanted, isMet));
  await print(`${[figures.conditions, ...lines].join("\n")}\n`);
}

await runBench(command, bench);
