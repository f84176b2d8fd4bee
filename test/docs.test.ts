/** What README and architecture say in tables and names, held against the code. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { composeComment } from "../src/actions/add-comment-to-incident.ts";
import { ACTION_NAMES, findAction } from "../src/actions/catalog.ts";
import { loadWorkerConfig, VARIABLES } from "../src/config.ts";
import { FAILURE_CODES } from "../src/contract/failure.ts";
import { REASONS, RESULT_STATUSES, WAITS } from "../src/contract/result.ts";
import { referenceOf } from "../src/engine/reference.ts";
import { EXIT } from "../src/exit.ts";
import { FAULT_POINTS } from "../src/fault-point.ts";
import { isUpToDate, makeTable } from "./support/variables-table.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const readme = read("README.md");
const architecture = read("docs/architecture.md");

/** The body of a section's first table: its cells, without code marks. */
function tableIn(text: string, heading: string): string[][] {
  const section = text.slice(text.indexOf(`\n${heading}\n`));
  const lines = section.split("\n").map((line) => line.trim());
  const first = lines.findIndex((line) => line.startsWith("| -"));
  const rows = lines.slice(first + 1);
  const length = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, length).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

describe("the documents", () => {
  it("link every promise to a test that is there, and leave no fault test out", () => {
    const guarantees = read("docs/guarantees.md");
    const links = [...guarantees.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = ""]) => path);
    for (const path of links) expect(existsSync(new URL(`../${path}`, import.meta.url)), path).toBe(true);
    const tests = readdirSync(new URL("faults", import.meta.url)).filter((name) =>
      /\.(service|timed|fault)\.test\.ts$/.test(name),
    );
    expect(tests.filter((name) => !links.includes(`test/faults/${name}`))).toEqual([]);
  });

  it("list every fault point", () => {
    const table = tableIn(read("docs/guarantees.md"), "## Fault points");
    expect(table.map(([point]) => point)).toEqual([...FAULT_POINTS]);
  });

  it("list every failure code with its meaning", () => {
    const table = Object.entries(FAILURE_CODES).map(([code, { retryable, meaning }]) => [
      code,
      retryable ? "yes" : "no",
      meaning,
    ]);
    expect(tableIn(architecture, "## Failure codes")).toEqual(table);
  });

  it("list the Graph permissions of every action", () => {
    const listed = tableIn(readme, "## Run it for real").map(([title, text = ""]) => [
      title,
      text.match(/\w+\.\w+\.All/g),
    ]);
    const actions = ACTION_NAMES.map((name) => findAction(name));
    expect(listed).toEqual(actions.map(({ title, permissions }) => [title, permissions]));
  });

  it("list the exit codes in order", () => {
    const codes = tableIn(readme, "### Exit codes").map(([code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
  });

  it("lead from every parameter of the SOAR's integration to a variable that is read", () => {
    const table = tableIn(readme, "### Coming from the SOAR's own integration");
    expect(table.map(([parameter]) => parameter)).toEqual([
      "Login API Root",
      "Graph API Root",
      "API Root",
      "Tenant ID",
      "Client ID",
      "Client Secret",
      "Verify SSL",
    ]);
    for (const [, variable = ""] of table) expect(VARIABLES).toContain(variable);
  });

  it("name every status and wait of a result, and no reason that is not there", () => {
    const section = readme.slice(readme.indexOf("### What a result says"), readme.indexOf("### Exit codes"));
    for (const word of [...RESULT_STATUSES, ...WAITS]) expect(section).toContain(`\`${word}\``);
    const reasons = /`reason` says why\s+\(([^)]+)\)/.exec(section)?.[1]?.match(/\w+/g);
    expect(reasons).toContain("no_rows");
    expect(REASONS).toEqual(expect.arrayContaining(reasons ?? []));
  });

  it.each([
    ["README.md", readme],
    ["docs/architecture.md", architecture],
  ])("name no variable that nobody reads: %s", (_, text) => {
    const elsewhere = new Set(["NO_INSTALL", "NODE_EXTRA_CA_CERTS", "DEFENDER_API", "DEFENDER_TOKEN"]);
    const named = [...text.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name);
    const own = named.map((name) => name.replace(/^(?:CONTOSO|FABRIKAM_EU)__/, ""));
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((name) => !VARIABLES.has(name) && !elsewhere.has(name))).toEqual([]);
  });

  it("configure several tenants with lines that are accepted", () => {
    const lines = /```ini\n([\s\S]*?)```/.exec(readme)?.[1]?.trim().split("\n") ?? [];
    const given = Object.fromEntries(lines.map((line) => line.split("=", 2)));
    const { instances } = loadWorkerConfig(given);
    expect(instances.map(({ name }) => name)).toEqual(["contoso", "fabrikam-eu"]);
  });

  it("give the default quotas", () => {
    const defaults = read(".env.example").split("\n");
    const told = tableIn(readme, "## Quotas").map((row) => row.at(-1));
    expect(told).toHaveLength(2);
    expect(defaults).toEqual(expect.arrayContaining(told));
  });

  it("give sync jobs a pattern that knows our marks, also under a comment that was cut", () => {
    const source = /```text\n\/(\\\[ref .*)\/\n```/.exec(readme)?.[1] ?? "";
    const pattern = new RegExp(source);
    const reference = referenceOf("j1");
    for (const mark of [`[ref ${reference}]`, `[ref ${reference} case 4711]`]) {
      expect(composeComment("ws-01 is isolated.", mark).text).toMatch(pattern);
      expect(composeComment("x".repeat(40_000), mark).text).toMatch(pattern);
    }
    expect(`as said [ref ${reference}] before`).not.toMatch(pattern);
  });

  it("list every variable as the schema has it: npm run docs:variables", () => {
    expect(isUpToDate()).toBe(true);
    const table = makeTable();
    for (const name of VARIABLES) expect(table).toContain(`| \`${name}\` |`);
  });

  it("list every event of the log, and none that is not logged", () => {
    const listed = tableIn(read("docs/events.md"), "## All events").map(([event = ""]) => event);
    const files = ["src", "workers", "producers/api"].flatMap((folder) =>
      readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true })
        .map((name) => `${folder}/${String(name)}`)
        .filter((name) => name.endsWith(".ts")),
    );
    const logged = files.flatMap((file) =>
      [...read(file).matchAll(/\bevent: ["`]([^"`]+)["`]/g)].map(([, event = ""]) => event),
    );
    expect(logged.length).toBeGreaterThan(25);
    // Of a name that is put together, the first part is known.
    const matches = (pattern: string, event: string): boolean => {
      const [start = ""] = pattern.split(/\$\{|\*/);
      return start === pattern ? event === pattern : event.startsWith(start);
    };
    const missing = logged.filter((event) => {
      const [start = ""] = event.split("${");
      return !listed.some((one) => matches(one, event) || (start !== event && one.startsWith(start)));
    });
    expect(missing).toEqual([]);
    const gone = listed.filter((one) => !logged.some((event) => matches(event, one) || matches(one, event)));
    expect(gone).toEqual([]);
  });

  it("lead to files that are there", () => {
    const linked = [...readme.matchAll(/\]\((?!http)([^)#]+)/g)].map(([, path = ""]) => path);
    const named = [...architecture.matchAll(/`((?:src|test)\/[\w./-]+\.\w+)`/g)].map(([, path = ""]) => path);
    expect(Math.min(linked.length, named.length)).toBeGreaterThan(5);
    for (const path of [...linked.filter((path) => /\.\w+$/.test(path)), ...named])
      expect(read(path)).not.toBe("");
  });
});
