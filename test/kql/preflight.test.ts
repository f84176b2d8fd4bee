/** What the parser finds in a query before it costs quota, and how its author is told. */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";
import { executeCustomQuery } from "../../src/actions/execute-custom-query.ts";
import { executeQuery } from "../../src/actions/execute-query.ts";
import { diagnose } from "../../src/kql/parser.ts";
import { openPreflight } from "../../src/kql/preflight.ts";
import { type HuntOptions, runHunt } from "./hunting.ts";

const custom = (query: string, options: HuntOptions = {}) =>
  runHunt(executeCustomQuery, { query }, { problems: "real", ...options });
const clauses = (query: string, options: HuntOptions = {}) =>
  runHunt(executeQuery, { table_names: "AlertInfo", query }, { problems: "real", ...options });

async function failureOf(hunt: Promise<unknown>): Promise<{ code: string; lines: string[] }> {
  const error: unknown = await hunt.then(
    () => new Error("nothing failed"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error) || !("code" in error)) throw error;
  return { code: String(error.code), lines: error.message.split("\n") };
}

describe("a query that is no KQL", () => {
  it("fails with line and column, and a caret under the place", async () => {
    const { code, lines } = await failureOf(custom("AlertInfo\n| where Severity === 'High'"));
    expect(code).toBe("invalid_query");
    expect(lines).toEqual([
      expect.stringMatching(/^the query is no KQL at line 2, column 20: ./),
      "| where Severity === 'High'",
      "                   ^",
    ]);
  });

  it("is shown where its author wrote it, though it stands elsewhere in what is sent", async () => {
    const { lines } = await failureOf(clauses("// mine\nwhere Title has 'x'\n| summarize by by Title"));
    expect(lines.slice(1)).toEqual(["| summarize by by Title", "              ^"]);
    expect(lines[0]).toContain("line 3, column 15");
  });

  it("is at fault at its end, when what we add cannot follow", async () => {
    const { lines } = await failureOf(custom("AlertInfo | where"));
    expect(lines.slice(1)).toEqual(["AlertInfo | where", "                 ^"]);
  });

  it("shows only what is around the place in a long line", async () => {
    const { lines } = await failureOf(custom(`AlertInfo | where Title == '${"x".repeat(500)}' andd true`));
    const [, shown = "", caret = ""] = lines;
    expect(shown.length).toBeLessThanOrEqual(120);
    expect(shown.slice(caret.length - 1)).toMatch(/^ ?andd/);
  });

  it("is sent with a warning where the worker is told so", async () => {
    const { sent, outcome } = await custom("AlertInfo | where Severity === 'High'", { preflight: "warn" });
    expect(sent).toHaveLength(1);
    expect(outcome.warnings?.[0]).toMatch(/^Microsoft's parser rejects the query at line 1, column 30: /);
  });
});

describe("a name that Microsoft's schema does not have", () => {
  it("is a warning with its place, for tenants have tables of their own", async () => {
    const { sent, outcome } = await custom("Contoso_CL | where A == 1");
    expect(sent).toHaveLength(1);
    expect(outcome.warnings).toEqual([
      expect.stringMatching(/^Microsoft's schema: .*'Contoso_CL'.*\(line 1, column 1\)$/),
    ]);
    const column = await clauses("where Severty == 'High'");
    expect(column.outcome.warnings).toEqual([
      expect.stringMatching(/^Microsoft's schema: .*'Severty'.*\(line 1, column 7\)$/),
    ]);
  });

  it.each([
    "AlertInfo | join kind=inner AlertEvidence on AlertId | summarize count() by Title, bin(Timestamp, 1d)",
    "let since = ago(1d); union DeviceProcessEvents, DeviceNetworkEvents | where Timestamp > since",
    "DeviceProcessEvents | where InitiatingProcessVersionInfoCompanyName has 'x' | invoke FileProfile(SHA1, 100)",
    "BehaviorInfo | where Title has 'x'",
    "MessageUrlInfo | where ThreatTypes has 'Phish'",
    "print ok = 1",
  ])("is not seen in %s", async (query) => {
    expect((await custom(query)).outcome.warnings).toEqual([]);
  });
});

it("a query is sent unchecked, with a warning, when the parser gives no answer", async () => {
  const { sent, outcome } = await custom("AlertInfo", { problems: null });
  expect(sent).toHaveLength(1);
  expect(outcome.warnings).toEqual([
    "The query was not checked before it was sent: Microsoft's parser gave no answer.",
  ]);
});

describe("the parser's thread", () => {
  const preflight = openPreflight();
  afterAll(() => preflight.close());
  const { signal } = new AbortController();

  it("says what the parser says", async () => {
    const kql = "AlertInfo | where Severity === 'High'";
    expect(await preflight.check(kql, signal)).toEqual(diagnose(kql));
  });

  it("is replaced when a query keeps it for too long", { timeout: 60_000 }, async () => {
    const deep = `print ${"(".repeat(50_000)}1${")".repeat(50_000)}`;
    expect(await preflight.check(deep, AbortSignal.timeout(1_000))).toBeNull();
    expect(await preflight.check("print 1", signal)).toEqual([]);
  });

  it("starts by itself where it is to be warm, and ends in the middle of that", async () => {
    const starting = new Promise<Worker>((resolve) => process.once("worker", resolve));
    const warm = openPreflight(0);
    const thread = await starting;
    const ended = once(thread, "exit");
    await warm.close();
    await ended;
  });

  it("gives up a check whose job is over", async () => {
    expect(await preflight.check("print 1", AbortSignal.abort())).toBeNull();
  });
});
