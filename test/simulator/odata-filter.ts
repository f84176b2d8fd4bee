/** `$filter` and `$orderby` of the incident list: a small reader of OData expressions (reference: 1.5). */
import { badRequest } from "./answer.ts";
import { enumMember, enums, type Incident } from "./incident.ts";

type Test = (incident: Incident) => boolean;

const filterable: Readonly<Record<string, (incident: Incident) => string | null>> = {
  assignedTo: (incident) => incident.assignedTo,
  classification: (incident) => incident.classification,
  createdDateTime: (incident) => comparable("createdDateTime", incident.createdDateTime),
  determination: (incident) => incident.determination,
  lastUpdateDateTime: (incident) => comparable("lastUpdateDateTime", incident.lastUpdateDateTime),
  severity: (incident) => incident.severity,
  status: (incident) => incident.status,
};
const dates = new Set(["createdDateTime", "lastUpdateDateTime"]);

const token =
  /\s*(?:(?<text>(?:microsoft\.graph\.security\.\w+)?'(?:[^']|'')*')|(?<date>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(?<word>[A-Za-z_][\w./]*)|(?<sign>[(),]))/y;

interface Token {
  kind: "text" | "date" | "word" | "sign" | "end";
  text: string;
}

function invalid(reason: string): Error {
  return badRequest(`Invalid filter clause: ${reason}`);
}

function tokenize(filter: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (filter.slice(token.lastIndex).trim() !== "") {
    const at = token.lastIndex;
    const groups = token.exec(filter)?.groups ?? {};
    const found = (["text", "date", "word", "sign"] as const).find((kind) => groups[kind] !== undefined);
    if (found === undefined) throw invalid(`syntax error at position ${at} in '${filter}'.`);
    tokens.push({ kind: found, text: groups[found] ?? "" });
  }
  return tokens;
}

/** Compares timestamps of 0 to 7 digits by padding them to the same length. */
function comparable(property: string, value: string): string {
  if (!dates.has(property)) return value;
  const [, seconds = "", fraction = "", zone = ""] =
    /^(.*?:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(value) ?? [];
  const utc = zone === "Z" ? `${seconds}Z` : new Date(`${seconds}${zone}`).toISOString();
  return `${utc.slice(0, 19)}.${fraction.padEnd(7, "0")}`;
}

class FilterReader {
  readonly #tokens: Token[];
  #at = 0;

  constructor(filter: string) {
    this.#tokens = tokenize(filter);
  }

  read(): Test {
    const test = this.#or();
    if (this.#peek().kind !== "end") throw invalid(`unexpected '${this.#peek().text}'.`);
    return test;
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "end of filter" };
  }

  #next(): Token {
    const next = this.#peek();
    this.#at += 1;
    return next;
  }

  #takes(text: string): boolean {
    if (this.#peek().text !== text) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw invalid(`expected '${text}' but found '${this.#peek().text}'.`);
  }

  #or(): Test {
    const first = this.#and();
    if (!this.#takes("or")) return first;
    const rest = this.#or();
    return (incident) => first(incident) || rest(incident);
  }

  #and(): Test {
    const first = this.#term();
    if (!this.#takes("and")) return first;
    const rest = this.#and();
    return (incident) => first(incident) && rest(incident);
  }

  #term(): Test {
    if (this.#takes("(")) {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): Test {
    const property = this.#next().text;
    const read = propertyReader(property);
    const operator = this.#next().text;
    if (operator === "in") {
      const values = new Set(this.#list(property));
      return (incident) => values.has(read(incident));
    }
    const value = this.#value(property);
    const compare = comparisons[operator];
    if (compare === undefined) throw invalid(`operator '${operator}' is not supported.`);
    return (incident) => compare(read(incident), value);
  }

  #list(property: string): (string | null)[] {
    this.#expect("(");
    const values = [this.#value(property)];
    while (this.#takes(",")) values.push(this.#value(property));
    this.#expect(")");
    return values;
  }

  #value(property: string): string | null {
    const { kind, text } = this.#next();
    if (text === "null") return null;
    if (dates.has(property)) {
      if (kind !== "date") throw invalid(`'${text}' is not a date.`);
      return comparable(property, text);
    }
    if (kind !== "text") throw invalid(`'${text}' is not a value for '${property}'.`);
    const written = text.slice(text.indexOf("'") + 1, -1).replaceAll("''", "'");
    if (enums[property] === undefined) return written;
    const member = enumMember(property, written);
    if (member === undefined) throw invalid(`'${written}' is no value of '${property}'.`);
    return member;
  }
}

const comparisons: Readonly<Record<string, (left: string | null, right: string | null) => boolean>> = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  gt: (left, right) => left !== null && right !== null && left > right,
  ge: (left, right) => left !== null && right !== null && left >= right,
  lt: (left, right) => left !== null && right !== null && left < right,
  le: (left, right) => left !== null && right !== null && left <= right,
};

function propertyReader(property: string): (incident: Incident) => string | null {
  const read = Object.hasOwn(filterable, property) ? filterable[property] : undefined;
  if (read !== undefined) return read;
  throw badRequest(
    `Could not find a property named '${property}' on type 'microsoft.graph.security.incident', or it cannot be filtered or sorted by.`,
  );
}

/** Reads a `$filter`. Throws a 400 for syntax, unknown properties, operators and enum values. */
export function parseFilter(filter: string): Test {
  return new FilterReader(filter).read();
}

/** Reads an `$orderby` into a stable sort of incidents. Throws a 400. */
export function parseOrder(orderBy: string): (incidents: readonly Incident[]) => Incident[] {
  const keys = orderBy.split(",").map((part) => {
    const [property = "", direction = "asc", ...rest] = part.trim().split(/\s+/);
    if (rest.length > 0 || !["asc", "desc"].includes(direction))
      throw badRequest(`Invalid $orderby: '${orderBy}'.`);
    return { read: propertyReader(property), sign: direction === "asc" ? 1 : -1 };
  });
  return (incidents) =>
    incidents
      .map((incident) => ({ incident, values: keys.map(({ read }) => read(incident) ?? "") }))
      .sort((left, right) => {
        for (const [at, { sign }] of keys.entries()) {
          const [a = "", b = ""] = [left.values[at], right.values[at]];
          if (a !== b) return a < b ? -sign : sign;
        }
        return 0;
      })
      .map(({ incident }) => incident);
}
