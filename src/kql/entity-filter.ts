/** Turns entities into a `where` clause for each table. Nothing to filter by is never "everything": then there is no clause. */
import { ENTITY_KINDS, type EntityKind, entityKind, type TargetEntity } from "../contract/entities.ts";
import { AUTO, type EntityKeys, KEY_ARGUMENTS } from "./entity-keys.ts";
import { foldAscii, questionsOf } from "./entity-questions.ts";
import { isMailbox, type Reading, readEntity } from "./entity-readings.ts";
import { hasColumn } from "./schema.ts";
import { entityColumns } from "./tables.ts";

export interface EntityRequest {
  tables: readonly string[];
  entities: readonly TargetEntity[];
  /** All null: every kind is `AUTO`. Else a kind whose key is null takes no part. */
  keys: EntityKeys;
  operator: "AND" | "OR";
  stopIfNotEnough: boolean;
}

export type EntityFilter =
  /** By table; a table that is missing here can give no rows and must not be asked. */
  | { kind: "filter"; clauses: ReadonlyMap<string, string>; warnings: string[] }
  | { kind: "insufficient"; message: string; warnings: string[] };

const NOT_ENOUGH = `Action wasn't able to build the query, because not enough entity types were supplied for the specified ".. Entity Keys". Please disable "Stop If Not Enough Entities" parameter or provide at least one entity for each specified ".. Entity Key".`;

interface Entity {
  type: string;
  reading: Reading;
}
type EntitiesByKind = ReadonlyMap<EntityKind, readonly Entity[]>;

export function buildEntityFilter(request: EntityRequest): EntityFilter {
  const { tables, keys, operator, stopIfNotEnough } = request;
  const isKeyless = ENTITY_KINDS.every((kind) => keys[kind] === null);
  const counting = ENTITY_KINDS.filter((kind) =>
    isKeyless ? tables.some((table) => entityColumns(table, kind).length > 0) : keys[kind] !== null,
  );
  const { present, unused } = sortByKind(request, isKeyless);
  const missing = counting.filter((kind) => !present.has(kind));
  const warnings = isKeyless
    ? []
    : missing.map((kind) => `No entity fits ${KEY_ARGUMENTS[kind]}; it took no part in the query.`);
  const insufficient = (message: string): EntityFilter => ({ kind: "insufficient", message, warnings });
  if (request.entities.length === 0) {
    return insufficient(
      `No query was sent: "target_entities" is empty. Pass the entities to query by, for only the SOAR can resolve a scope.`,
    );
  }
  if (stopIfNotEnough && missing.length > 0) {
    const why = ` Without keys, every type counts that the tables have a column for; there is no entity for: ${missing.join(", ")}.`;
    return insufficient(isKeyless ? NOT_ENOUGH + why : NOT_ENOUGH);
  }

  const clauses = new Map<string, string>();
  const matched = new Set<Entity>();
  for (const table of tables) {
    const conditions = ask(table, present, keys, matched);
    const lacking = [...present.keys()].filter((kind) => !conditions.has(kind));
    const isLeftOut = operator === "AND" ? lacking.length > 0 : conditions.size === 0;
    if (isLeftOut || conditions.size === 0) {
      if (lacking.length > 0)
        warnings.push(`${table} gives no rows: it has no column for these entities: ${lacking.join(", ")}.`);
    } else clauses.set(table, `| where ${join([...conditions.values()], operator)}`);
  }
  const idle = [...present.values()].flat().filter((entity) => !matched.has(entity));
  unused.push(...idle.map(({ type }) => type));
  if (unused.length > 0) warnings.push(`Entities that took no part in the query: ${countTypes(unused)}.`);
  if (clauses.size > 0) return { kind: "filter", clauses, warnings };
  return insufficient(
    present.size === 0
      ? `No query was sent: none of the target entities is of a type that has an ".. Entity Key", so there is nothing to filter by.`
      : `No query was sent: ${tables.join(", ")} can't be filtered by ${[...present.keys()].join(` ${operator.toLowerCase()} `)} entities. Name tables that have such columns, or the columns by ".. Entity Key".`,
  );
}

function join(conditions: readonly string[], operator: "AND" | "OR"): string {
  const [only = ""] = conditions;
  if (conditions.length === 1) return only;
  return conditions.map((condition) => `(${condition})`).join(` ${operator.toLowerCase()} `);
}

/** The condition of each kind that the table can be asked for; notes which entities take part in it. */
function ask(
  table: string,
  present: EntitiesByKind,
  keys: EntityKeys,
  matched: Set<Entity>,
): Map<EntityKind, string> {
  const conditions = new Map<EntityKind, string>();
  for (const [kind, entities] of present) {
    const readings = entities.map(({ reading }) => reading);
    const parts = columnsOf(table, kind, keys[kind]).flatMap((column) => {
      const questions = questionsOf(kind, column, domainOf(table, column));
      for (const entity of entities) if (questions.answers(entity.reading)) matched.add(entity);
      return questions.ask(readings);
    });
    if (parts.length > 0) conditions.set(kind, parts.join(" or "));
  }
  return conditions;
}

function columnsOf(table: string, kind: EntityKind, key: string | null): readonly string[] {
  if (key !== null && key !== AUTO) return hasColumn(table, key) === false ? [] : [key];
  const columns = entityColumns(table, kind);
  if (kind !== "email" || columns.length > 0) return columns;
  return entityColumns(table, "user").filter((column) => column.endsWith("Upn"));
}

function domainOf(table: string, column: string): string | null {
  const domain = column.replace(/Name$/, "Domain");
  return domain !== column && hasColumn(table, domain) ? domain : null;
}

/** Readings by kind, each value once; and the types of the entities that no kind of the query uses. */
function sortByKind(request: EntityRequest, isKeyless: boolean) {
  const values = new Map(ENTITY_KINDS.map((kind) => [kind, new Map<string, Entity>()]));
  const unused: string[] = [];
  for (const { Identifier, EntityType: type } of request.entities) {
    const kind = kindOf(Identifier, type, request, isKeyless);
    if (kind === null || !(isKeyless || request.keys[kind] !== null)) {
      unused.push(type);
      continue;
    }
    const folded = foldAscii(Identifier);
    const known = values.get(kind);
    if (!known?.has(folded)) known?.set(folded, { type, reading: readEntity(kind, Identifier) });
  }
  const present: EntitiesByKind = new Map(
    [...values].filter(([, known]) => known.size > 0).map(([kind, known]) => [kind, [...known.values()]]),
  );
  return { present, unused };
}

/** SOARs keep mailboxes as users, so a user that is an address counts as email: unless nothing in the query is one. */
function kindOf(value: string, type: string, request: EntityRequest, isKeyless: boolean): EntityKind | null {
  const kind = entityKind(type);
  if (kind !== "user" || !isMailbox(value)) return kind;
  const { keys, tables } = request;
  const hasEmail = isKeyless
    ? tables.some((table) => entityColumns(table, "email").length > 0)
    : keys.email !== null || keys.user === null;
  return hasEmail ? "email" : "user";
}

function countTypes(types: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => `${count} of type ${type}`).join(", ");
}
