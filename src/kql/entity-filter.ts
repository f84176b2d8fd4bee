/** Turns entities into a `where` clause. Nothing to filter by is never "everything": then there is no clause at all. */
import { ENTITY_KINDS, type EntityKind, entityKind, type TargetEntity } from "../contract/entities.ts";
import { identifier } from "./identifiers.ts";
import { stringLiteral } from "./literals.ts";

/** The argument that names the column of a kind, in the SOAR's order. */
export const KEY_ARGUMENTS = {
  ip: "ip_entity_key",
  host: "hostname_entity_key",
  hash: "file_hash_entity_key",
  user: "user_entity_key",
  url: "url_entity_key",
  email: "email_address_entity_key",
} as const satisfies Record<EntityKind, string>;

export interface EntityRequest {
  entities: readonly TargetEntity[];
  /** The column of each kind; null: the kind takes no part. */
  columns: Readonly<Record<EntityKind, string | null>>;
  operator: "AND" | "OR";
  stopIfNotEnough: boolean;
}

export type EntityFilter =
  | { kind: "filter"; clause: string; warnings: string[] }
  | { kind: "insufficient"; message: string; warnings: string[] };

const NOT_ENOUGH = `Action wasn't able to build the query, because not enough entity types were supplied for the specified ".. Entity Keys". Please disable "Stop If Not Enough Entities" parameter or provide at least one entity for each specified ".. Entity Key".`;

/** Long `in~` lists are split here, and long `or` chains avoided (`defender-api.md` 4.4). */
const VALUES_PER_LIST = 500;

export function buildEntityFilter(request: EntityRequest): EntityFilter {
  const { columns, operator, stopIfNotEnough } = request;
  const { values, unused } = sortByKind(request);
  const named = ENTITY_KINDS.filter((kind) => columns[kind] !== null);
  const missing = named.filter((kind) => values[kind].size === 0);
  const warnings = missing.map(
    (kind) => `No entity fits ${KEY_ARGUMENTS[kind]}; it took no part in the query.`,
  );
  if (unused.length > 0) warnings.push(`Entities that took no part in the query: ${unused.join(", ")}.`);

  const insufficient = (message: string): EntityFilter => ({ kind: "insufficient", message, warnings });
  if (request.entities.length === 0) {
    return insufficient(
      `No query was sent: "target_entities" is empty. Pass the entities to query by, for only the SOAR can resolve a scope.`,
    );
  }
  if (named.length === 0) {
    return insufficient(
      `No query was sent: no ".. Entity Key" names a column, so there is nothing to filter by.`,
    );
  }
  if (stopIfNotEnough && missing.length > 0) return insufficient(NOT_ENOUGH);
  if (missing.length === named.length) {
    return insufficient(
      `No query was sent: none of the target entities is of a type that has an ".. Entity Key", so there is nothing to filter by.`,
    );
  }
  const terms = named.flatMap((kind) => matching(columns[kind], [...values[kind].values()]));
  const [only] = terms;
  const condition =
    terms.length === 1 ? only : terms.map((term) => `(${term})`).join(` ${operator.toLowerCase()} `);
  return { kind: "filter", clause: `| where ${condition}`, warnings };
}

function matching(column: string | null, values: readonly string[]): string[] {
  if (column === null || values.length === 0) return [];
  const lists: string[] = [];
  for (let from = 0; from < values.length; from += VALUES_PER_LIST) {
    const literals = values.slice(from, from + VALUES_PER_LIST).map(stringLiteral);
    lists.push(`${identifier(column)} in~ (${literals.join(", ")})`);
  }
  return [lists.join(" or ")];
}

/** Entity values by kind, each once, by their folded spelling; and how many of which type no named kind uses. */
function sortByKind({ entities, columns }: EntityRequest) {
  const values: Record<EntityKind, Map<string, string>> = {
    ip: new Map(),
    host: new Map(),
    hash: new Map(),
    user: new Map(),
    url: new Map(),
    email: new Map(),
  };
  const unused = new Map<string, number>();
  for (const { Identifier, EntityType } of entities) {
    const kind = kindOf(Identifier, EntityType, columns);
    if (kind !== null && columns[kind] !== null) {
      const folded = foldAscii(Identifier);
      if (!values[kind].has(folded)) values[kind].set(folded, Identifier);
    } else {
      unused.set(EntityType, (unused.get(EntityType) ?? 0) + 1);
    }
  }
  return { values, unused: [...unused].map(([type, count]) => `${count} of type ${type}`) };
}

const EMAIL = /^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/;

function kindOf(value: string, type: string, columns: EntityRequest["columns"]): EntityKind | null {
  const kind = entityKind(type);
  // SOARs keep mailboxes as users, so a user that is an address counts as email. But where only the user key is named,
  // the caller compares with a UPN column, and moving the entity away would make it match nothing.
  const onlyUserKey = columns.user !== null && columns.email === null;
  return kind === "user" && EMAIL.test(value) && !onlyUserKey ? "email" : kind;
}

/** ASCII only: beyond it, JavaScript folds letters that `in~` tells apart, and a folded value would be lost. */
function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
