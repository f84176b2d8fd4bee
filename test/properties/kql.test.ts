/** What holds for every text from outside: it reaches KQL only as a literal that means exactly that text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { executeCustomQuery } from "../../src/actions/execute-custom-query.ts";
import { executeEntityQuery } from "../../src/actions/execute-entity-query.ts";
import { executeQuery } from "../../src/actions/execute-query.ts";
import { Failure } from "../../src/contract/failure.ts";
import { boundQuery } from "../../src/kql/custom-query.ts";
import { readFragment } from "../../src/kql/fragment.ts";
import { isWritable, stringLiteral } from "../../src/kql/literals.ts";
import { tokenize } from "../../src/kql/tokens.ts";
import { runHunt } from "../kql/hunting.ts";
import { kindName, kusto, parseKql } from "../support/kusto.ts";

/** Pieces that have broken other query builders, mixed with arbitrary text. */
const hostileText = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(..."'\"\\`~@|;/()[]{}#,\n\r\t\b\u001b \u2028\u2029\u0085\u202e\ufeff"),
      },
      fc.constantFrom(
        "//",
        "```",
        "~~~",
        "@'",
        'h"',
        "h@'",
        "''",
        "\\'",
        "\\u0027",
        "\\U0001F600",
        "datetime(",
        "in~",
      ),
      fc.constantFrom(
        "O'Brien",
        "CONTOSO\\jdoe",
        "') or 1==1 //",
        "' | take 5",
        "; print 1",
        "a",
        "T",
        "where",
        "5",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));

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
  const KINDS = ["ADDRESS", "HOSTNAME", "FILEHASH", "DestinationURL"] as const;
  const keys = {
    ip_entity_key: "RemoteIP",
    hostname_entity_key: "DeviceName",
    file_hash_entity_key: "SHA1",
    url_entity_key: "RemoteUrl",
  };
  const value = writableText.filter((text) => text.trim() !== "");
  const operator = fc.constantFrom("AND", "OR");

  async function queryFor(values: readonly string[], cross_entity_operator: string) {
    const target_entities = values.map((Identifier, index) => ({
      Identifier,
      EntityType: KINDS[index % KINDS.length] ?? "ADDRESS",
    }));
    const input = { table_names: "DeviceNetworkEvents", cross_entity_operator, target_entities, ...keys };
    const { sent } = await runHunt(executeEntityQuery, { ...input, stop_if_not_enough_entities: false });
    return parseKql(sent[0]?.kql ?? "");
  }

  it("never leave their literals: the query has the shape that harmless values give, and means just these values", () =>
    fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 8 }), operator, async (values, cross) => {
        // Distinct per kind, so that folding repeats does not change the shape.
        const marked = values.map((text, index) => `${index}${text}`.trim());
        const hostile = await queryFor(marked, cross);
        const harmless = await queryFor(
          marked.map((_, index) => `${index}x`),
          cross,
        );
        expect(hostile.shape).toBe(harmless.shape);
        expect(hostile.operators).toEqual(["FilterOperator", "FilterOperator", "TopOperator"]);
        expect([...hostile.literals].sort()).toEqual([...marked].sort());
      }),
      { numRuns: 40 },
    ));
});

describe("the schemas of the query actions", () => {
  const actions = [executeQuery, executeEntityQuery, executeCustomQuery].map(
    ({ title, input }): [string, z.ZodObject] => [title, input],
  );
  const anything = fc.oneof(
    fc.constantFrom(null, undefined, "", " ", [], true, 0, "0", "true", "Select One"),
    fc.constantFrom(
      "last week",
      ["Custom"],
      "2026-01-31T08:00:00Z",
      "2026-02-01",
      ["DESC"],
      "and",
      7,
      "100000",
    ),
    fc.constantFrom("AlertInfo, ,AlertEvidence", ["SigninLogs"], "where A == 1;", "| take 3", "RemoteIP"),
    fc.constantFrom([{ Identifier: " WS-042 ", EntityType: "HOSTNAME" }]),
    hostileText,
  );

  it.each(actions)("%s: parse what they have parsed to the same", (_title, schema) => {
    const isCustom = !("table_names" in schema.shape);
    const needed = { case_id: 4711, ...(isCustom ? { query: "AlertInfo" } : { table_names: "AlertInfo" }) };
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(schema.shape)), anything, (name, sent) => {
        const once = schema.safeParse({ ...needed, [name]: sent });
        if (!once.success) return;
        accepted += 1;
        const asStored: unknown = JSON.parse(JSON.stringify(once.data));
        expect(schema.parse(asStored)).toEqual(once.data);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  it.each(actions)("%s: can be given as JSON Schema, every argument described", (_title, schema) => {
    const { properties = {} } = z.toJSONSchema(schema, { io: "input" });
    const undescribed = Object.entries(properties).filter(
      ([, property]) => typeof property === "boolean" || !property.description,
    );
    expect(undescribed).toEqual([]);
    expect(Object.keys(properties)).toEqual(Object.keys(schema.shape));
  });
});
