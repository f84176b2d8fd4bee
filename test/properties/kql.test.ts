/** What holds for every text from outside: it reaches KQL only as a literal that means exactly that text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { executeEntityQuery } from "../../src/actions/execute-entity-query.ts";
import { Failure } from "../../src/contract/failure.ts";
import { boundQuery } from "../../src/kql/custom-query.ts";
import { readEntity } from "../../src/kql/entity-readings.ts";
import { readFragment } from "../../src/kql/fragment.ts";
import { isWritable, stringLiteral } from "../../src/kql/literals.ts";
import { tokenize } from "../../src/kql/tokens.ts";
import { runHunt } from "../kql/hunting.ts";
import { kindName, kusto, parseKql } from "../support/kusto.ts";
import { hostileText } from "./hostile-text.ts";

const writableText = hostileText.filter(isWritable);

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** What a text is made of by Microsoft's lexer: its punctuation with offsets, and whether all of it could be read. */
function lex(text: string) {
  let offset = 0;
  let isClean = true;
  const punctuation: string[] = [];
  for (const token of kusto.Parsing.TokenParser.ParseTokens(text)) {
    offset += token.Trivia.length;
    const kind = kindName(token.Kind);
    if (kind === "DirectiveToken" || (kind.endsWith("LiteralToken") && token.Diagnostics.length > 0))
      isClean = false;
    if (";|()[]{}".includes(token.Text) && token.Text !== "") punctuation.push(`${token.Text}@${offset}`);
    offset += token.Text.length;
  }
  return { punctuation, isClean };
}

describe("literals", () => {
  it("read back by Microsoft's parser as exactly the text meant, on one line of visible characters", () => {
    fc.assert(
      fc.property(writableText, (text) => {
        const literal = stringLiteral(text);
        expect(literal).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(parseKql(`print ${literal}`)).toMatchObject({ errors: [], literals: [text] });
      }),
      { numRuns: 150 },
    );
  });

  it("are refused for what the service cannot take", () => {
    for (const text of ["a\0b", "\ud800", "x\udc00y"]) expect(attempt(() => stringLiteral(text))).toBeNull();
  });
});

describe("tokenize", () => {
  it("agrees with Microsoft's lexer on what is inside strings and comments, or refuses the text", () => {
    let compared = 0;
    fc.assert(
      fc.property(hostileText, (text) => {
        const tokens = attempt(() => tokenize(text));
        const { punctuation, isClean } = lex(text);
        if (tokens === null) {
          expect(isClean, text).toBe(false);
          return;
        }
        compared += 1;
        const ours = tokens
          .filter(({ kind, text: symbol }) => kind === "symbol" && ";|()[]{}".includes(symbol))
          .map(({ text: symbol, start }) => `${symbol}@${start}`);
        expect(ours, text).toEqual(punctuation);
      }),
      { numRuns: 2_000, examples: [["𜳰datetime("], ["\u{1d7d8}long(1)|"]] },
    );
    expect(compared).toBeGreaterThan(200);
  });
});

describe("fragments and custom queries", () => {
  it("cannot keep what follows them from being read", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const fragment = attempt(() => readFragment(text));
        if (fragment !== null) {
          const { punctuation } = lex(`T\n${fragment.text}\n| top 5 by Timestamp asc`);
          const bar = `T\n${fragment.text}\n`.length;
          expect(punctuation.at(-1)).toBe(`|@${bar}`);
          expect(punctuation.filter((mark) => mark.startsWith(";"))).toEqual([]);
        }
        const bounded = attempt(() => boundQuery(text, 5));
        if (bounded !== null) {
          expect(bounded.kql.endsWith("\n| take 5")).toBe(true);
          expect(lex(bounded.kql).punctuation.at(-1)).toBe(`|@${bounded.kql.length - "| take 5".length}`);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("entity values", () => {
  const KINDS = [
    ["ADDRESS", "ip"],
    ["HOSTNAME", "host"],
    ["FILEHASH", "hash"],
    ["DestinationURL", "url"],
  ] as const;
  /** A harmless value of every form. */
  const HARMLESS: Readonly<Record<string, string>> = {
    text: "- -",
    address: "192.0.2.7",
    range4: "192.0.2.0/24",
    range6: "2001:db8::/32",
    shortHost: "x",
    fullHost: "x.y",
    deviceId: "c".repeat(40),
    md5: "d".repeat(32),
    sha1: "e".repeat(40),
    sha256: "f".repeat(64),
    url: "http://x.y/z",
    host: "x.y",
  };
  const keys = {
    ip_entity_key: "RemoteIP",
    hostname_entity_key: "DeviceName",
    file_hash_entity_key: "InitiatingProcessSHA1",
    url_entity_key: "RemoteUrl",
  };
  const value = writableText.filter((text) => text.trim() !== "");
  const operator = fc.constantFrom("AND", "OR");
  const kindAt = (index: number) => KINDS[index % KINDS.length] ?? KINDS[0];

  async function queryFor(values: readonly string[], cross_entity_operator: string) {
    const target_entities = values.map((Identifier, index) => ({ Identifier, EntityType: kindAt(index)[0] }));
    const input = { table_names: "DeviceNetworkEvents", cross_entity_operator, target_entities, ...keys };
    const { sent } = await runHunt(executeEntityQuery, { ...input, stop_if_not_enough_entities: false });
    const parsed = parseKql(sent[0]?.kql ?? "");
    return { ...parsed, shape: parsed.shape.replaceAll(/'…'(?: , '…')*/g, "'…'") };
  }

  it("never leave their literals: the query has the shape that harmless values give, and means just these values", () =>
    fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 8 }), operator, async (values, cross) => {
        const given = values.map((text) => text.trim());
        const readings = given.map((text, index) => readEntity(kindAt(index)[1], text));
        const samples = readings.map((reading) => HARMLESS[Object.keys(reading)[0] ?? ""] ?? "");
        const hostile = await queryFor(given, cross);
        const harmless = await queryFor(samples, cross);
        expect(hostile.shape).toBe(harmless.shape);
        expect(hostile.operators).toEqual(harmless.operators);
        const fold = (text: string) => text.toLowerCase();
        const meant = new Set(readings.flatMap((reading) => Object.values(reading).flat().map(fold)));
        const ours = new Set([".", "::ffff:", "", "^(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#:]+)"]);
        for (const literal of hostile.literals)
          expect(meant.has(fold(literal)) || ours.has(literal), literal).toBe(true);
      }),
      { numRuns: 60 },
    ));
});
