/** Microsoft's own KQL parser. It takes about 90 MB and a second to load, so only a thread of its own loads this file. */
import { createRequire } from "node:module";
import type { QueryProblem } from "../contract/ports.ts";
import { SCHEMA } from "./schema.ts";

interface Diagnostic {
  Message: string;
  Severity: string;
  Start: number;
}
interface Globals {
  WithDatabase(database: unknown): Globals;
}
interface Code {
  GetDiagnostics(): unknown;
  GetSyntaxDiagnostics(): unknown;
}
interface Kusto {
  Language: {
    GlobalState: { Default: Globals };
    KustoCode: { ParseAndAnalyze(text: string, globals: Globals): Code };
    Symbols: {
      DatabaseSymbol: { ctor: new (name: string, members: unknown[]) => unknown };
      TableSymbol: { From(schema: string): { WithName(name: string): unknown } };
    };
  };
}
interface Bridge {
  toArray(list: unknown): unknown[];
}

/** What Defender adds to the language. Behind one of them, the parser cannot tell which columns there are. */
const FUNCTIONS = /'(?:FileProfile|DeviceFromIP|SeenBy|AssignedIPAddresses)'/;

const load = createRequire(import.meta.url);
// Transpiled from C#: it announces itself as globals and exports nothing.
load("@kusto/language-service-next/bridge.min.js");
load("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const world: object = globalThis;
const kusto: Kusto = Reflect.get(world, "Kusto");
const bridge: Bridge = Reflect.get(world, "Bridge");

const { GlobalState, KustoCode, Symbols } = kusto.Language;
const tables = [...SCHEMA].map(([table, columns]) =>
  Symbols.TableSymbol.From(`(${columns.map(({ name, type }) => `['${name}']:${type}`).join(",")})`).WithName(
    table,
  ),
);
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("hunting", tables));

/** Everything that the parser finds wrong with a query: faults of syntax alone, or what it says with the schema in mind. */
export function diagnose(kql: string): QueryProblem[] {
  const code = KustoCode.ParseAndAnalyze(kql, globals);
  const faults = errorsIn(code.GetSyntaxDiagnostics(), "syntax");
  if (faults.length > 0) return faults;
  const doubts = errorsIn(code.GetDiagnostics(), "schema");
  return doubts.some(({ message }) => FUNCTIONS.test(message)) ? [] : doubts;
}

function errorsIn(diagnostics: unknown, kind: QueryProblem["kind"]): QueryProblem[] {
  return bridge
    .toArray(diagnostics)
    .filter(isDiagnostic)
    .filter(({ Severity }) => Severity === "Error")
    .map(({ Message, Start }) => ({ kind, message: Message, start: Start }));
}

function isDiagnostic(value: unknown): value is Diagnostic {
  return typeof value === "object" && value !== null && "Message" in value && "Start" in value;
}
