/** What it takes to write a query over many entities, and to have Microsoft's parser check it. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { executeEntityQuery } from "../../src/actions/execute-entity-query.ts";
import type { ActionContext } from "../../src/contract/define-action.ts";
import { openPreflight } from "../../src/kql/preflight.ts";
import type { Session } from "./session.ts";

export interface QueryFigures {
  entities: number;
  bytes: number;
  /** From the input as it lies on the queue to the KQL. */
  builtMs: number[];
  /** The first one loads the parser. */
  firstCheckMs: number;
  checkedMs: number[];
  /** Of the event loop that waits for the parser's thread. */
  longestPauseMs: number;
}

const BUILDS = 200;
const CHECKS = 40;
/** Node compiles what runs often; until then all is slower. */
const WARM_UP = 10;

export async function measureQuery(entities: number, { cleanup, signal }: Session): Promise<QueryFigures> {
  const input = {
    case_id: "bench",
    alert_group_identifiers: [],
    table_names: "DeviceNetworkEvents",
    time_frame: "Last 24 Hours",
    stop_if_not_enough_entities: false,
    target_entities: Array.from({ length: entities }, (_, number) => entity(number)),
  };
  const builtMs: number[] = [];
  let kql = "";
  for (let round = 0; round < WARM_UP + BUILDS; round += 1) {
    const startedMs = performance.now();
    kql = await build(input);
    if (round >= WARM_UP) builtMs.push(performance.now() - startedMs);
  }

  const preflight = await cleanup.start(Promise.resolve(openPreflight()), (opened) => opened.close());
  const check = async (): Promise<number> => {
    const startedMs = performance.now();
    const problems = await preflight.check(kql, signal);
    if (problems?.length !== 0) throw new Error(`Microsoft's parser: ${JSON.stringify(problems)}`);
    return performance.now() - startedMs;
  };
  const firstCheckMs = await check();
  for (let round = 0; round < WARM_UP; round += 1) await check();
  const pauses = monitorEventLoopDelay({ resolution: 1 });
  pauses.enable();
  const checkedMs: number[] = [];
  for (let round = 0; round < CHECKS; round += 1) checkedMs.push(await check());
  pauses.disable();
  return { entities, bytes: kql.length, builtMs, firstCheckMs, checkedMs, longestPauseMs: pauses.max / 1e6 };
}

/** Of all types in turn, no two alike. */
function entity(number: number): { Identifier: string; EntityType: string } {
  const hex = number.toString(16).padStart(64, "0");
  const kinds = [
    { Identifier: `203.0.${number >> 8}.${number & 255}`, EntityType: "ADDRESS" },
    { Identifier: `ws-${number}.contoso.com`, EntityType: "HOSTNAME" },
    { Identifier: hex, EntityType: "FILEHASH" },
    { Identifier: `user${number}@contoso.com`, EntityType: "USERUNIQNAME" },
    { Identifier: `https://evil${number}.example/a`, EntityType: "DestinationURL" },
  ];
  return kinds[number % kinds.length] ?? { Identifier: hex, EntityType: "FILEHASH" };
}

async function build(input: object): Promise<string> {
  let built = "";
  const none = (): Promise<never> => Promise.reject(new Error("an entity query only hunts"));
  const context: ActionContext = {
    job: { id: "bench", caseId: "bench", enqueuedAt: new Date() },
    reference: "7KQ2M9XA",
    settings: {
      strictDetermination: false,
      commentReference: "on",
      commentSettleMs: 60_000,
      preflight: "on",
    },
    lanes: ["hunting"],
    defender: {
      authenticate: none,
      getIncident: none,
      followIncident: none,
      listIncidents: none,
      updateIncident: none,
      addComment: none,
      async runHuntingQuery({ kql }) {
        built = kql;
        return { schema: [], rowCount: 0, pages: [], rowEnds: new Uint32Array() };
      },
    },
    checkQuery: async () => [],
    write: none,
  };
  await executeEntityQuery.run(executeEntityQuery.input.parse(input), context);
  return built;
}
