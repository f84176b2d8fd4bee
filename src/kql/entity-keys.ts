/** The ".. Entity Key" arguments: which column holds which kind of entity. */
import type { z } from "zod";
import { ENTITY_KINDS, type EntityKind } from "../contract/entities.ts";
import { show } from "../contract/refusal.ts";
import { columnName } from "./arguments.ts";
import { nearest } from "./nearest.ts";
import { hasColumn, SCHEMA } from "./schema.ts";

/** The argument that names the column of a kind, in the SOAR's order. */
export const KEY_ARGUMENTS = {
  ip: "ip_entity_key",
  host: "hostname_entity_key",
  hash: "file_hash_entity_key",
  user: "user_entity_key",
  url: "url_entity_key",
  email: "email_address_entity_key",
} as const satisfies Record<EntityKind, string>;

/** As a key: the columns that the tables have for the kind. */
export const AUTO = "auto";

/** The column of each kind, `AUTO`, or null. */
export type EntityKeys = Readonly<Record<EntityKind, string | null>>;

type KeyInput = Readonly<Record<(typeof KEY_ARGUMENTS)[EntityKind], string | null>>;

export function entityKey(kind: string) {
  const description = `Specify the key for ${kind} entities: a column, or auto for the columns that the tables have for them. With no key at all, every type is auto.`;
  return columnName(description)
    .transform((name) => (name?.toLowerCase() === AUTO ? AUTO : name))
    .meta({ description });
}

export function keysOfInput(input: KeyInput): EntityKeys {
  return {
    ip: input.ip_entity_key,
    host: input.hostname_entity_key,
    hash: input.file_hash_entity_key,
    user: input.user_entity_key,
    url: input.url_entity_key,
    email: input.email_address_entity_key,
  };
}

/** Refuses a key that none of the tables has as a column; a table that is not known may have any. */
export function refuseUnknownColumns(
  input: KeyInput & { table_names: readonly string[] },
  context: z.RefinementCtx,
): void {
  const keys = keysOfInput(input);
  for (const kind of ENTITY_KINDS) {
    const key = keys[kind];
    if (key === null || key === AUTO) continue;
    if (input.table_names.some((table) => hasColumn(table, key) !== false)) continue;
    const names = new Set(
      input.table_names.flatMap((table) => SCHEMA.get(table)?.map(({ name }) => name) ?? []),
    );
    const message = `given ${show(key)}; allowed: a column of ${input.table_names.join(" or ")}, such as ${nearest(key, [...names]).join(", ")}`;
    context.addIssue({ code: "custom", path: [KEY_ARGUMENTS[kind]], message });
  }
}
