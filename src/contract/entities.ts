/** Entities as a SOAR sends them, and the kinds that a hunting query can filter by. */
import { z } from "zod";
import { refusing } from "./refusal.ts";

export const ENTITY_KINDS = ["ip", "host", "hash", "user", "url", "email"] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

/** SOAR entity types and plain names, in lower case without separators. Types not listed take no part in a query. */
const KIND_BY_TYPE: ReadonlyMap<string, EntityKind> = new Map([
  ["address", "ip"],
  ["ip", "ip"],
  ["ipaddress", "ip"],
  ["hostname", "host"],
  ["host", "host"],
  ["filehash", "hash"],
  ["hash", "hash"],
  ["useruniqname", "user"],
  ["user", "user"],
  ["username", "user"],
  ["destinationurl", "url"],
  ["url", "url"],
  ["email", "email"],
  ["emailaddress", "email"],
]);

const allowed = refusing("text that is not empty");
const filledText = z.string(allowed).trim().min(1, allowed);

/** One address, host, user, hash, URL or mailbox; the SOAR's own field names are `Identifier` and `EntityType`. */
export const targetEntitySchema = z
  .object({ Identifier: filledText, EntityType: filledText }, refusing("{ Identifier, EntityType }"))
  .meta({
    description:
      "An entity: Identifier (its value) and EntityType (ADDRESS, HOSTNAME, USERUNIQNAME, FILEHASH, DestinationURL)",
  });
export type TargetEntity = z.infer<typeof targetEntitySchema>;

/** The kind of an entity type in any case and spelling, or null for a type that no query uses. */
export function entityKind(entityType: string): EntityKind | null {
  return KIND_BY_TYPE.get(entityType.toLowerCase().replaceAll(/[\s_-]/g, "")) ?? null;
}
