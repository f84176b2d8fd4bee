/** How a column is asked for entities: which forms it can hold, and the condition for each. */
import type { EntityKind } from "../contract/entities.ts";
import type { Form, Reading } from "./entity-readings.ts";
import { identifier } from "./identifiers.ts";
import { stringLiteral } from "./literals.ts";

interface Question {
  /** The condition for a list of literals; `domain` is the column of a name's domain. */
  write(column: string, list: string, domain: string): string;
  /** The value as it lies in the column. */
  spell?(value: string): string;
}

type Questions = Readonly<Partial<Record<Form, Question>>>;

/** `in~` compares whole values in any case, by index. */
const EQUALS: Question = { write: (column, list) => `${column} in~ (${list})` };

/** In a list or object that the table keeps as JSON text. */
const IN_JSON: Question = {
  write: (column, list) => `${column} has_any (${list})`,
  spell: (value) => JSON.stringify(value),
};

const FIRST_LABEL: Question = {
  write: (column, list) => `tostring(split(${column}, '.')[0]) in~ (${list})`,
};

/** The host of a URL with or without scheme. The term search stands first: it goes by index, the pattern does not. */
const HOST_OF: Question = {
  write: (column, list) =>
    `(${column} has_any (${list}) and extract(@'^(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#:]+)', 1, tolower(${column})) in~ (${list}))`,
};

const RANGE4: Question = {
  write: (column, list) =>
    `ipv4_is_in_any_range(replace_string(tolower(${column}), '::ffff:', ''), dynamic([${list}]))`,
};
const RANGE6: Question = { write: (column, list) => `ipv6_is_in_any_range(${column}, dynamic([${list}]))` };

const QUALIFIED: Question = {
  write: (column, list, domain) => `strcat(${domain}, '\\\\', ${column}) in~ (${list})`,
};
const QUALIFIED_BY_LABEL: Question = {
  write: (column, list, domain) =>
    `strcat(tostring(split(${domain}, '.')[0]), '\\\\', ${column}) in~ (${list})`,
};
const LOGGED_ON: Question = {
  write: IN_JSON.write,
  spell(value) {
    const [domain, name] = value.split("\\");
    return `"UserName":${JSON.stringify(name)},"DomainName":${JSON.stringify(domain)}`;
  },
};
/** Without a domain to compare with, a name stands for itself. */
const NAME_ALONE: Question = { write: EQUALS.write, spell: (value) => value.split("\\").at(-1) ?? value };

const HASHES: Questions = { text: EQUALS, md5: EQUALS, sha1: EQUALS, sha256: EQUALS };

/** By the end of a column's name, which says in every table of Microsoft's what it holds. The first match counts. */
const QUESTIONS: Readonly<Record<EntityKind, readonly [RegExp, Questions][]>> = {
  ip: [
    [/^IPAddresses$/, { address: IN_JSON }],
    [/./, { text: EQUALS, address: EQUALS, range4: RANGE4, range6: RANGE6 }],
  ],
  host: [
    [/DeviceId$/, { text: EQUALS, deviceId: EQUALS }],
    [/./, { text: EQUALS, shortHost: FIRST_LABEL, fullHost: EQUALS }],
  ],
  hash: [
    [/MD5$/, { text: EQUALS, md5: EQUALS }],
    [/SHA1$/, { text: EQUALS, sha1: EQUALS }],
    [/SHA256$/, { text: EQUALS, sha256: EQUALS }],
    [/./, HASHES],
  ],
  user: [
    [/^LoggedOnUsers$/, { name: IN_JSON, sid: IN_JSON, shortDomain: LOGGED_ON, fullDomain: LOGGED_ON }],
    [/Domain$/, {}],
    [/Sid$/, { sid: EQUALS }],
    [/Upn$/, { upn: EQUALS }],
    [/(?:ObjectId|AccountId)$/, { objectId: EQUALS }],
    [/Name$/, { name: EQUALS, upn: EQUALS, shortDomain: QUALIFIED_BY_LABEL, fullDomain: QUALIFIED }],
    [
      /./,
      { name: EQUALS, upn: EQUALS, sid: EQUALS, objectId: EQUALS, shortDomain: EQUALS, fullDomain: EQUALS },
    ],
  ],
  url: [
    [/Domain$/, { text: EQUALS, host: EQUALS }],
    [/^UrlChain$/, { url: IN_JSON, text: IN_JSON }],
    // Of an encrypted connection only the host is known.
    [/^RemoteUrl$/, { text: EQUALS, url: EQUALS, site: EQUALS, host: HOST_OF }],
    [/./, { text: EQUALS, url: EQUALS, host: HOST_OF }],
  ],
  email: [
    [/^RecipientDetails$/, { mailbox: IN_JSON }],
    [/./, { text: EQUALS, mailbox: EQUALS }],
  ],
};

/** Long lists are split here, and long `or` chains avoided (`defender-api.md` 4.4). */
const VALUES_PER_LIST = 500;

/** What one column can be asked. */
export interface ColumnQuestions {
  answers(reading: Reading): boolean;
  /** The conditions that hold for a row with any of these entities, to be joined by `or`; empty: none can. */
  ask(readings: readonly Reading[]): string[];
}

/** `domain` is the column of the domain beside a name; null: there is none. */
export function questionsOf(kind: EntityKind, column: string, domain: string | null): ColumnQuestions {
  const found = QUESTIONS[kind].find(([pattern]) => pattern.test(column))?.[1] ?? {};
  const isAlone = domain === null && found.shortDomain === QUALIFIED_BY_LABEL;
  const questions = isAlone ? { ...found, shortDomain: NAME_ALONE, fullDomain: NAME_ALONE } : found;
  return {
    answers: (reading) => formsOf(reading).some((form) => questions[form] !== undefined),
    ask(readings) {
      const asked = new Map<Question["write"], Map<string, string>>();
      for (const reading of readings) {
        for (const form of formsOf(reading)) {
          const question = questions[form];
          if (question === undefined) continue;
          const values = asked.get(question.write) ?? new Map<string, string>();
          asked.set(question.write, values);
          for (const value of reading[form] ?? []) {
            const spelled = question.spell?.(value) ?? value;
            const folded = foldAscii(spelled);
            if (!values.has(folded)) values.set(folded, spelled);
          }
        }
      }
      return [...asked].flatMap(([write, values]) =>
        lists([...values.values()]).map((list) =>
          write(identifier(column), list, identifier(domain ?? column)),
        ),
      );
    },
  };
}

function formsOf(reading: Reading): Form[] {
  const forms: Form[] = [];
  for (const form in reading) if (isForm(form, reading)) forms.push(form);
  return forms;
}

function isForm(form: string, reading: Reading): form is Form {
  return Object.hasOwn(reading, form);
}

function lists(values: readonly string[]): string[] {
  const written: string[] = [];
  for (let from = 0; from < values.length; from += VALUES_PER_LIST)
    written.push(
      values
        .slice(from, from + VALUES_PER_LIST)
        .map(stringLiteral)
        .join(", "),
    );
  return written;
}

/** ASCII only: beyond it, JavaScript folds letters that `in~` tells apart, and a folded value would be lost. */
export function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
