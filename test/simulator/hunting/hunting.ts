/** `POST /v1.0/security/runHuntingQuery`: reads the request, runs the query, writes schema and rows. */
import { type Answer, badRequest, type Call, graphHeaders, readJsonObject } from "../answer.ts";
import type { Settings } from "../settings.ts";
import { type Caller, requireRole } from "../token.ts";
import { interpret } from "./interpreter.ts";
import { refusalOf } from "./refusals.ts";
import { type Column, lazily, notSimulated, QueryError, type Relation, type Row } from "./relation.ts";
import { bigTable, tableColumns } from "./schemas.ts";
import { Parser } from "./syntax.ts";
import { bigRows, seedTables } from "./tables.ts";
import { parseTimeRange, type TimeRange } from "./timespan.ts";
import { jsonOf, ticksOf } from "./values.ts";

const timeColumns = new Set(["Timestamp", "TimeGenerated"]);

const graphTypes: Readonly<Record<string, string>> = {
  datetime: "DateTime",
  string: "String",
  long: "Int64",
  int: "Int32",
  bool: "SByte",
  real: "Double",
  dynamic: "Object",
  timespan: "TimeSpan",
  guid: "Guid",
  decimal: "SqlDecimal",
};
const graphType = (type: string) => graphTypes[type] ?? "Object";

export class Hunting {
  #parser: Parser | undefined;
  #rows = new Map<string, Row[]>();

  /** Makes all rows anew, at times relative to now. */
  reseed(): void {
    this.#rows = seedTables(Date.now());
  }

  /** Loads the parser and lets it warm up, so that the first query blocks nobody's clock. */
  warmUp(): void {
    this.#parse(
      "DeviceProcessEvents | where Timestamp > ago(1h) and DeviceName =~ 'x' | project Timestamp | take 1",
    );
  }

  run(call: Call, caller: Caller, settings: Settings): Answer {
    requireRole(caller, ["ThreatHunting.Read.All"]);
    const body = readJsonObject(call);
    const query = textField(body, "query");
    if (query === undefined || query.trim() === "") throw badRequest("The property 'Query' is required.");
    const nowTicks = ticksOf(Date.now());
    const range = parseTimeRange(textField(body, "timespan"), nowTicks);
    try {
      const result = this.#execute(query, range, nowTicks, settings);
      return { status: 200, headers: graphHeaders(call), body: writeResult(result, call, settings) };
    } catch (error) {
      if (error instanceof QueryError) throw badRequest(error.message);
      throw error;
    }
  }

  #parse(query: string) {
    this.#parser ??= new Parser(tableColumns);
    return this.#parser.parse(query);
  }

  #execute(query: string, range: TimeRange, nowTicks: bigint, settings: Settings): Relation {
    if (query.trimStart().startsWith("."))
      throw new QueryError("Control commands are not supported. Fix syntax errors in your query.");
    const probe = /^\s*print\s+([A-Za-z_]\w*)\s*=\s*(\d{1,15})\s*(?:\|\s*take\s+[1-9]\d*\s*)?$/.exec(query);
    if (probe !== null) return oneNumber(probe[1] ?? "", Number(probe[2]));
    const parsed = this.#parse(query);
    const refusal = refusalOf(parsed);
    if (refusal !== undefined) throw new QueryError(refusal);
    const get = (name: string): Relation | undefined => {
      const columns = tableColumns.get(name);
      if (columns === undefined) return undefined;
      const rows =
        name === bigTable ? lazily(() => bigRows(settings.bigTable, nowTicks)) : (this.#rows.get(name) ?? []);
      return { columns, rows: within(range, columns, rows) };
    };
    const { columns, rows } = interpret(parsed.root, { get }, nowTicks);
    if (columns.length === 0) throw notSimulated("a query without columns");
    return { columns, rows };
  }
}

/** What `print ok=1` gives: connectivity tests ask nothing else, and need not wait for the parser to be loaded. */
function oneNumber(name: string, value: number): Relation {
  return { columns: [{ name, type: "long" }], rows: [[value]] };
}

/** A field in either of the spellings that Graph takes: `Query` (documented) and `query` (metadata). */
function textField(body: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const found = Object.entries(body).find(([key]) => key.toLowerCase() === name)?.[1];
  if (found === undefined || found === null) return undefined;
  if (typeof found !== "string") throw badRequest(`Invalid value for property '${name}'.`);
  return found;
}

/** Only the rows inside the range, for tables that have a time. */
function within(range: TimeRange, columns: readonly Column[], rows: Iterable<Row>): Iterable<Row> {
  const index = columns.findIndex((column) => timeColumns.has(column.name));
  if (index === -1) return rows;
  return lazily(function* () {
    for (const row of rows) {
      const time = row[index];
      if (typeof time === "bigint" && time >= range.start && time <= range.end) yield row;
    }
  });
}

/** The answer's JSON, row by row: stops at the row cap, refuses at the size cap. */
function writeResult({ columns, rows }: Relation, call: Call, settings: Settings): string {
  const schema = columns.map(({ name, type }) => ({ name, type: graphType(type) }));
  const context = `${call.origin}/v1.0/$metadata#microsoft.graph.security.huntingQueryResults`;
  const written: string[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (written.length >= settings.maxRows) break;
    const fields = columns.flatMap(({ name, type }, index) => {
      const field = `${JSON.stringify(name)}:${JSON.stringify(jsonOf(row[index] ?? null, type, settings.dynamicAs))}`;
      return settings.odataNoise
        ? [`${JSON.stringify(`${name}@odata.type`)}:"#${graphType(type)}"`, field]
        : [field];
    });
    const text = `{${fields.join(",")}}`;
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > settings.maxResultBytes) {
      throw new QueryError(
        "Query execution has exceeded the allowed result size. Optimize your query by limiting the number of results and try again.",
      );
    }
    written.push(text);
  }
  return `{"@odata.context":${JSON.stringify(context)},"schema":${JSON.stringify(schema)},"results":[${written.join(",")}]}`;
}
