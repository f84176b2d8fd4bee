/** Microsoft's own KQL parser, and its syntax tree as plain data. */
import { createRequire } from "node:module";
import type { Column } from "./relation.ts";

export interface SyntaxNode {
  /** Class of the node (`FilterOperator`), `List` or `Token`. */
  kind: string;
  /** Its name in its parent (`Condition`). */
  role: string;
  start: number;
  end: number;
  /** A token's text. */
  text: string;
  /** A name's name, without brackets and quotes. */
  name: string;
  /** A string literal's meaning; a token's text without quotes and escapes. */
  literal: string | undefined;
  /** The scalar type, as far as the parser knows it. */
  type: string;
  /** The columns of a tabular result, named as the engine names them. */
  columns: Column[] | undefined;
  children: SyntaxNode[];
}

export interface Problem {
  code: string;
  message: string;
  start: number;
}

export interface ParsedQuery {
  root: SyntaxNode;
  syntaxProblems: Problem[];
  problems: Problem[];
}

interface BridgeType {
  Name: string;
  Columns?: unknown;
}
interface BridgeNode {
  Kind: number;
  IsToken: boolean;
  NameInParent: string | null;
  TextStart: number;
  End: number;
  Text?: string;
  /** A token's text without quotes and escapes. */
  ValueText?: string;
  SimpleName?: string | null;
  LiteralValue?: unknown;
  ResultType?: BridgeType | null;
  ChildCount: number;
  GetChild(index: number): BridgeNode | null;
}
interface BridgeDiagnostic {
  Code: string;
  Message: string;
  Severity: string;
  Start: number;
}
interface BridgeCode {
  Syntax: BridgeNode;
  GetDiagnostics(): unknown;
  GetSyntaxDiagnostics(): unknown;
}
interface Globals {
  WithDatabase(database: unknown): Globals;
}
interface TableSymbol {
  WithName(name: string): TableSymbol;
}
interface Kusto {
  Language: {
    GlobalState: { Default: Globals };
    KustoCode: { ParseAndAnalyze(text: string, globals: Globals): BridgeCode };
    Symbols: {
      DatabaseSymbol: { ctor: new (name: string, members: TableSymbol[]) => unknown };
      TableSymbol: { From(schema: string): TableSymbol };
    };
  };
}
interface Bridge {
  getTypeName(value: unknown): string;
  toArray(list: unknown): unknown[];
}

/** Cached trees; hunting queries repeat, and a parse costs milliseconds. */
const maxCached = 500;

export class Parser {
  readonly #kusto: Kusto;
  readonly #bridge: Bridge;
  readonly #globals: Globals;
  readonly #cache = new Map<string, ParsedQuery>();

  /** Loads the parser (half a second, once per process), which knows these tables. */
  constructor(tables: ReadonlyMap<string, readonly Column[]>) {
    const require = createRequire(import.meta.url);
    // The minified build, transpiled from C#, announces itself as globals and exports nothing.
    require("@kusto/language-service-next/bridge.min.js");
    require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
    const globals: object = globalThis;
    this.#kusto = Reflect.get(globals, "Kusto");
    this.#bridge = Reflect.get(globals, "Bridge");
    const { Symbols, GlobalState } = this.#kusto.Language;
    const symbols = [...tables].map(([name, columns]) =>
      Symbols.TableSymbol.From(
        `(${columns.map((column) => `['${column.name}']:${column.type}`).join(",")})`,
      ).WithName(name),
    );
    this.#globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("hunting", symbols));
  }

  parse(text: string): ParsedQuery {
    const cached = this.#cache.get(text);
    if (cached !== undefined) return cached;
    const code = this.#kusto.Language.KustoCode.ParseAndAnalyze(text, this.#globals);
    const parsed: ParsedQuery = {
      root: this.#plain(code.Syntax),
      syntaxProblems: this.#problems(code.GetSyntaxDiagnostics()),
      problems: this.#problems(code.GetDiagnostics()),
    };
    if (this.#cache.size >= maxCached) this.#cache.clear();
    this.#cache.set(text, parsed);
    return parsed;
  }

  #problems(diagnostics: unknown): Problem[] {
    return this.#bridge
      .toArray(diagnostics)
      .filter(isDiagnostic)
      .filter((diagnostic) => diagnostic.Severity === "Error")
      .map(({ Code, Message, Start }) => ({ code: Code, message: Message, start: Start }));
  }

  #plain(node: BridgeNode): SyntaxNode {
    const children: SyntaxNode[] = [];
    for (let index = 0; index < node.ChildCount; index++) {
      const child = node.GetChild(index);
      if (child !== null) children.push(this.#plain(child));
    }
    return {
      kind: this.#kindOf(node),
      role: node.NameInParent ?? "",
      start: node.TextStart,
      end: node.End,
      text: node.IsToken ? (node.Text ?? "") : "",
      name: node.SimpleName ?? "",
      literal: typeof node.LiteralValue === "string" ? node.LiteralValue : node.ValueText,
      type: node.ResultType?.Name ?? "",
      columns: node.ResultType?.Columns === undefined ? undefined : this.#columns(node.ResultType.Columns),
      children,
    };
  }

  #columns(list: unknown): Column[] {
    return this.#bridge
      .toArray(list)
      .filter(isColumn)
      .map((column) => ({ name: column.Name, type: column.Type.Name }));
  }

  #kindOf(node: BridgeNode): string {
    if (node.IsToken) return "Token";
    const name = this.#bridge.getTypeName(node).split(".").at(-1) ?? "";
    if (/^\w+$/.test(name)) return name;
    return node.NameInParent === "" || node.NameInParent === null ? "SeparatedElement" : "List";
  }
}

function isDiagnostic(value: unknown): value is BridgeDiagnostic {
  return typeof value === "object" && value !== null && "Code" in value && "Message" in value;
}

function isColumn(value: unknown): value is { Name: string; Type: BridgeType } {
  return typeof value === "object" && value !== null && "Name" in value && "Type" in value;
}

/** The child with that role. */
export function child(node: SyntaxNode, role: string): SyntaxNode | undefined {
  return node.children.find((one) => one.role === role);
}

/** The child with that role, which the grammar says is there. */
export function need(node: SyntaxNode, role: string): SyntaxNode {
  const found = child(node, role);
  if (found === undefined) throw new Error(`${node.kind} has no ${role}`);
  return found;
}

/** The elements of a list, without its separators. */
export function items(list: SyntaxNode | undefined): SyntaxNode[] {
  return (list?.children ?? []).flatMap((element) =>
    element.kind === "SeparatedElement" ? element.children.slice(0, 1) : [element],
  );
}
