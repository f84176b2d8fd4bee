/** Microsoft's own KQL parser, loaded once, behind the few questions that tests ask of it. */
import { createRequire } from "node:module";

interface SyntaxToken {
  Kind: number;
  Text: string;
  ValueText: string;
  TextStart: number;
  GetNextToken(): SyntaxToken | null;
}
interface SyntaxNode {
  Kind: number;
  GetFirstToken(): SyntaxToken | null;
  WalkNodes(visit: (node: SyntaxNode) => void): void;
}
interface LexicalToken {
  Kind: number;
  Text: string;
  Trivia: string;
  Diagnostics: { length: number };
}
interface KustoLanguage {
  KustoCode: {
    Parse(text: string): {
      Syntax: SyntaxNode;
      GetDiagnostics(): { Count: number; getItem(index: number): { Message: string; Start: number } };
    };
  };
  Parsing: { TokenParser: { ParseTokens(text: string): LexicalToken[] } };
  Syntax: {
    SyntaxKind: Readonly<Record<string, number>>;
    SyntaxFacts: { Keywords: { ToArray(): string[] } };
  };
}

declare global {
  var Kusto: { Language: KustoLanguage };
}

const require = createRequire(import.meta.url);
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

export const kusto: KustoLanguage = globalThis.Kusto.Language;

// The first parse builds the grammar, which takes over a second: better here than inside the deadline of some test.
kusto.KustoCode.Parse("print 1");

const kindNames = new Map<number, string>();
for (const [name, kind] of Object.entries(kusto.Syntax.SyntaxKind)) {
  if (typeof kind === "number") kindNames.set(kind, name);
}

export function kindName(kind: number): string {
  return kindNames.get(kind) ?? String(kind);
}

/** Every keyword of the language. */
export function keywords(): string[] {
  return kusto.Syntax.SyntaxFacts.Keywords.ToArray();
}

export interface ParsedKql {
  /** What the parser complains about, each with its offset; empty when the text is valid. */
  errors: string[];
  /** The values of all string literals, decoded, in order. */
  literals: string[];
  /** The text with every string literal replaced by `'…'` and blanks folded: the query's shape. */
  shape: string;
  /** Query operators such as `FilterOperator` and `TopOperator`, in order. */
  operators: string[];
}

export function parseKql(text: string): ParsedKql {
  const code = kusto.KustoCode.Parse(text);
  const diagnostics = code.GetDiagnostics();
  const errors = Array.from({ length: diagnostics.Count }, (_, index) => {
    const { Message, Start } = diagnostics.getItem(index);
    return `${Message} (at ${Start})`;
  });
  const literals: string[] = [];
  const shape: string[] = [];
  for (let token = code.Syntax.GetFirstToken(); token !== null; token = token.GetNextToken()) {
    const isString = kindName(token.Kind) === "StringLiteralToken";
    if (isString) literals.push(token.ValueText);
    shape.push(isString ? "'…'" : token.Text);
  }
  const operators: string[] = [];
  code.Syntax.WalkNodes((node) => {
    if (kindName(node.Kind).endsWith("Operator")) operators.push(kindName(node.Kind));
  });
  return { errors, literals, shape: shape.join(" ").trim(), operators };
}
