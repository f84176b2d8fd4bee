/** `defender-actions worker`: runs jobs. */
import { type Command, InvalidArgumentError } from "commander";
import { loadWorkerConfig } from "../../src/config.ts";
import { Failure } from "../../src/contract/failure.ts";
import { LANES, type Lane } from "../../src/contract/job.ts";
import { splitList } from "../../src/settings/fields.ts";
import { runWorker } from "../actions.ts";

export function defineWorker(command: Command): void {
  command
    .option("--lane <names>", `serve only these lanes: ${LANES.join(", ")}`, readLanes)
    .option("--instance <names>", "serve only these instances, separated by commas", splitList)
    .action(async (scope: { lane?: Lane[]; instance?: string[] }) => {
      if (scope.instance !== undefined) refuseUnknown(scope.instance);
      process.exitCode = await runWorker(scope);
    });
}

function readLanes(text: string): Lane[] {
  const given = splitList(text.toLowerCase());
  const known = LANES.filter((lane) => given.includes(lane));
  if (known.length > 0 && known.length === given.length) return known;
  throw new InvalidArgumentError(`Allowed: ${LANES.join(", ")}.`);
}

function refuseUnknown(given: readonly string[]): void {
  const names = loadWorkerConfig().instances.map(({ name }) => name);
  const unknown = given.find((name) => !names.includes(name));
  if (unknown === undefined && given.length > 0) return;
  throw new Failure(
    "invalid_input",
    `--instance: given ${JSON.stringify(unknown ?? "")}; allowed: ${names.join(", ")}`,
  );
}
