/** Hostile values through all three query actions: answered as meant or refused clearly, and never a query of another meaning. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import type { Result } from "../../producers/client.ts";
import { isWritable, stringLiteral } from "../../src/kql/literals.ts";
import { parseKql } from "../support/kusto.ts";
import { CASE, openPipe } from "../support/pipe.ts";

const FILE = new URL("hostile-values.json", import.meta.url);
const LONG = [
  ...["x", "'", "\\", "\n", "😀", "(", "[{"].map((one) => one.repeat(10_000).slice(0, 10_000)),
  "|;//'\"".repeat(1_700),
];
const sentBody = z.looseObject({ Query: z.string() });

/** How each action is asked for a value. */
const ASKING = {
  execute_entity_query: (value: string) => ({
    table_names: "DeviceNetworkEvents",
    hostname_entity_key: "DeviceName",
    target_entities: [{ Identifier: value, EntityType: "HOSTNAME" }],
  }),
  execute_query: (value: string) => ({ table_names: "AlertInfo", query: `| where Title has ${value}` }),
  execute_custom_query: (value: string) => ({ query: `AlertInfo | where Title has ${value}` }),
} as const;

type Name = keyof typeof ASKING;
const NAMES = ["execute_entity_query", "execute_query", "execute_custom_query"] as const;

interface Asked {
  action: Name;
  text: string;
  isLiteral: boolean;
}
interface Outcome extends Asked {
  refusal: string;
  result: Result | null;
}

const WINDOW = String.raw`\| where Timestamp >= \S+ and Timestamp < \S+`;
/** `whole`: the value is one literal; `frame`: whatever the author wrote, source, window and limit stand. */
const SHAPES: Readonly<Record<Name, { whole: RegExp; frame: RegExp }>> = {
  execute_entity_query: entityShapes(),
  execute_query: shapes(`^AlertInfo ${WINDOW} \\| where Title has`, String.raw`\| top 50 by Timestamp asc$`),
  execute_custom_query: shapes(String.raw`^AlertInfo \| where Title has`, String.raw`\| take 50$`),
};

function shapes(head: string, tail: string): { whole: RegExp; frame: RegExp } {
  return { whole: new RegExp(`${head} '…' ${tail}`), frame: new RegExp(`${head} .*${tail}`) };
}

function entityShapes(): { whole: RegExp; frame: RegExp } {
  const name = String.raw`(?:DeviceName|tostring \( split \( DeviceName , '…' \) \[ 0 \] \))`;
  const whole = new RegExp(
    String.raw`^DeviceNetworkEvents ${WINDOW} \| where ${name} in~ \( '…' \) \| top 50 by Timestamp asc$`,
  );
  return { whole, frame: whole };
}

test("no hostile value changes what a query means", async () => {
  const { client, simulator, startWorker } = await openPipe({
    warmUp: true,
    settings: { quotas: { incidents: null, hunting: null } },
  });
  const values: string[] = [...z.array(z.string()).parse(JSON.parse(await readFile(FILE, "utf8"))), ...LONG];
  await startWorker({ DEFENDER_HUNTING_LIMITS: "10000/1m", WORKER_CONCURRENCY: "16" });

  const asked = values.flatMap((value) => NAMES.flatMap((action) => attemptsOf(action, value)));
  const outcomes = await Promise.all(
    asked.map(async (one): Promise<Outcome> => {
      const request = { action: one.action, input: { ...CASE, ...ASKING[one.action](one.text) } };
      const job = await client.submit(request).catch((error: unknown) => String(error));
      if (typeof job === "string") return { ...one, refusal: job, result: null };
      return { ...one, refusal: "", result: await client.waitForResult(job, { timeoutMs: 90_000 }) };
    }),
  );

  const meant = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    const { result, refusal, text } = outcome;
    if (result === null) expect(refusal, text).toMatch(/(?:given |missing).*(?:;|allowed)/s);
    else if (outcome.isLiteral) expect(result.status, text).toBe("completed");
    else if (result.status === "failed") expectRefusal(result, text);
    if (result?.kql) meant.set(result.kql, outcome);
  }
  const { arrivals } = await simulator.ledger();
  const sent = arrivals.filter(({ path, status }) => path.endsWith("/runHuntingQuery") && status === 200);
  expect(sent.length).toBeGreaterThan(150);
  for (const { body } of sent) {
    const { Query: kql } = sentBody.parse(body);
    const { action, isLiteral } = meant.get(kql) ?? {};
    if (action === undefined) throw new Error(`sent for nobody: ${kql.slice(0, 200)}`);
    const { errors, shape } = parseKql(kql);
    expect(errors, kql).toEqual([]);
    const folded = shape.replaceAll(/'…'(?: (?:, )?'…')*/g, "'…'").replaceAll(/\s+/g, " ");
    const { whole, frame } = SHAPES[action];
    expect(folded, action).toMatch(isLiteral ? whole : frame);
    expect(folded, action).not.toContain(" ; ");
  }
}, 120_000);

/** By a writer who quotes properly; and, for what is KQL anyway, by those who do not. */
function attemptsOf(action: Name, value: string): Asked[] {
  const isWritten = isWritable(value);
  if (action === "execute_entity_query") return [{ action, text: value, isLiteral: true }];
  const careless = [`'${value}'`, `"${value}"`, value].map((text) => ({ action, text, isLiteral: false }));
  return isWritten ? [{ action, text: stringLiteral(value), isLiteral: true }, ...careless] : careless;
}

function expectRefusal({ error }: Result, text: string): void {
  expect(["invalid_query", "invalid_input"], text).toContain(error?.code);
  expect(error?.message, text).not.toBe("");
}
