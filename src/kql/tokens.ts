/** The lexical ground of KQL: where its literals, comments and words begin and end. Grammar is left to Microsoft's parser. */
import { Failure } from "../contract/failure.ts";

export interface Token {
  kind: "literal" | "word" | "symbol";
  text: string;
  start: number;
  end: number;
  /** How many brackets are open around it; a bracket itself counts as outside. */
  depth: number;
}

const ESCAPE = String.raw`\\(?:[\\'"abfnrtv0-7]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})`;

function quoted(quote: string): string {
  return String.raw`${quote}(?:${ESCAPE}|[^${quote}\\\r\n])*${quote}`;
}

function verbatim(quote: string): string {
  return String.raw`@${quote}(?:${quote}${quote}|[^${quote}\r\n])*${quote}(?!${quote})`;
}

function fenced(fence: string): string {
  return `@?${fence}[^]*?${fence}`;
}

const BACKTICKS = String.raw`\x60{3}`;
const STRING = [
  quoted("'"),
  quoted('"'),
  verbatim("'"),
  verbatim('"'),
  fenced(BACKTICKS),
  fenced("~~~"),
].join("|");

/** Literals such as `datetime(…)` are one token up to the first closing bracket: quotes in them open no string. */
const TYPED = String.raw`(?:long|int|int32|int64|real|double|decimal|bool|date|datetime|time|timespan|guid)\([^)\r\n\u2028\u2029]*\)?`;

const TOKEN = new RegExp(
  [
    String.raw`(?<trivia>[\s\u180e\u200b]+|//[^\r\n\u2028\u2029]*)`,
    `(?<literal>[hH]?(?:${STRING})|${TYPED})`,
    `(?<unreadable>[hH]?@?(?:['"]|${BACKTICKS}|~~~)|#)`,
    // Microsoft's lexer reads UTF-16 units, so a digit beyond them is no part of a word.
    String.raw`(?<word>(?:[A-Za-z_$]|(?![\u{10000}-\u{10ffff}])\p{Nd})+)`,
    `(?<symbol>[^])`,
  ].join("|"),
  "gyu",
);

/** Far beyond what people and tools write. Microsoft's parser was measured to take 15 s and more for thousands. */
const MOST_DEPTH = 200;

const NOT_A_STRING = "a string that is not closed, or holds an escape that KQL doesn't know";

/**
 * The tokens of a KQL text without blanks and comments. Throws `invalid_query` for a string that is not closed, for brackets
 * nested beyond reason, and for the directives of query editors, which would hide the rest of their line.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  for (const match of text.matchAll(TOKEN)) {
    const { trivia, unreadable, literal, word } = match.groups ?? {};
    if (trivia !== undefined) continue;
    const start = match.index;
    if (unreadable !== undefined) {
      throw new Failure(
        "invalid_query",
        `the text cannot be read from ${place(text, start)} on: ${unreadable === "#" ? "# begins no KQL" : NOT_A_STRING}`,
      );
    }
    const [value] = match;
    const kind = literal !== undefined ? "literal" : word !== undefined ? "word" : "symbol";
    if (kind === "symbol" && ")]}".includes(value)) depth -= 1;
    tokens.push({ kind, text: value, start, end: start + value.length, depth });
    if (kind === "symbol" && "([{".includes(value)) depth += 1;
    if (depth > MOST_DEPTH) {
      throw new Failure(
        "invalid_query",
        `brackets are nested more than ${MOST_DEPTH} deep at ${place(text, start)}; allowed: ${MOST_DEPTH}`,
      );
    }
  }
  return tokens;
}

/** Where an offset is, for people: `line 2, column 7`. */
export function place(text: string, offset: number): string {
  const lines = text.slice(0, offset).split(/\r\n|[\r\n\u2028\u2029]/);
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Parts between top-level separators; empty parts are kept. */
export function splitAt(tokens: readonly Token[], separator: ";" | "|"): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "symbol" && token.text === separator && token.depth <= 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
