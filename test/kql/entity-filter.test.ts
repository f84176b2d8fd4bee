/** The where clause made of entities, and the cases in which there is none. */
import { describe, expect, it } from "vitest";
import type { EntityKind, TargetEntity } from "../../src/contract/entities.ts";
import { buildEntityFilter, type EntityRequest } from "../../src/kql/entity-filter.ts";
import { parseKql } from "../support/kusto.ts";

const NO_COLUMNS: Record<EntityKind, string | null> = {
  ip: null,
  host: null,
  hash: null,
  user: null,
  url: null,
  email: null,
};

const entity = (Identifier: string, EntityType: string): TargetEntity => ({ Identifier, EntityType });
const IP = entity("192.0.2.7", "ADDRESS");
const HOST = entity("WS-042", "HOSTNAME");
const MAILBOX = entity("Ann@contoso.com", "USERUNIQNAME");

function filter(
  columns: Partial<Record<EntityKind, string>>,
  entities: readonly TargetEntity[],
  { operator = "OR", stopIfNotEnough = false }: Partial<EntityRequest> = {},
) {
  return buildEntityFilter({ entities, columns: { ...NO_COLUMNS, ...columns }, operator, stopIfNotEnough });
}

function clauseOf(...args: Parameters<typeof filter>): string {
  const built = filter(...args);
  if (built.kind !== "filter") throw new Error(built.message);
  expect(parseKql(`T\n${built.clause}`).errors).toEqual([]);
  return built.clause;
}

describe("buildEntityFilter", () => {
  it("matches one kind in any case", () => {
    const entities = [IP, entity("192.0.2.8", "ip address")];
    expect(clauseOf({ ip: "RemoteIP" }, entities)).toBe("| where RemoteIP in~ ('192.0.2.7', '192.0.2.8')");
  });

  it.each(["OR", "AND"] as const)("joins kinds by %s, each kind grouped", (operator) => {
    expect(clauseOf({ host: "DeviceName", ip: "RemoteIP" }, [HOST, IP], { operator })).toBe(
      `| where (RemoteIP in~ ('192.0.2.7')) ${operator.toLowerCase()} (DeviceName in~ ('WS-042'))`,
    );
  });

  it("folds repeats in any case, and keeps letters that only JavaScript takes for the same", () => {
    const entities = [
      HOST,
      entity("ws-042", "HOSTNAME"),
      entity("straße", "HOSTNAME"),
      entity("STRAẞE", "HOSTNAME"),
    ];
    expect(clauseOf({ host: "DeviceName" }, entities)).toBe(
      "| where DeviceName in~ ('WS-042', 'straße', 'STRAẞE')",
    );
  });

  it("splits long lists", () => {
    const entities = Array.from({ length: 1_100 }, (_, index) => entity(`host-${index}`, "HOSTNAME"));
    const clause = clauseOf({ host: "DeviceName", ip: "RemoteIP" }, [IP, ...entities]);
    const lists = [...clause.matchAll(/DeviceName in~ \(([^)]*)\)/g)].map(
      ([, list = ""]) => list.split(", ").length,
    );
    expect(lists).toEqual([500, 500, 100]);
    expect(clause).toMatch(/ or \(DeviceName in~ .* or DeviceName in~ .*\)$/);
  });

  it("counts a user that is an address as email", () => {
    expect(clauseOf({ email: "RecipientEmailAddress" }, [MAILBOX])).toBe(
      "| where RecipientEmailAddress in~ ('Ann@contoso.com')",
    );
    expect(clauseOf({ email: "Mail", user: "AccountName" }, [MAILBOX, entity("ann", "user")])).toBe(
      "| where (AccountName in~ ('ann')) or (Mail in~ ('Ann@contoso.com'))",
    );
  });

  it("leaves it a user where only the user key is named, as for UPN columns", () => {
    expect(clauseOf({ user: "AccountUpn" }, [MAILBOX])).toBe("| where AccountUpn in~ ('Ann@contoso.com')");
  });

  it.each(["user@host", "a@b.co, junk", "@contoso.com"])("does not take %j for an address", (value) => {
    expect(filter({ email: "Mail" }, [entity(value, "USERUNIQNAME")]).kind).toBe("insufficient");
  });

  it("names the entities and keys that took no part", () => {
    const { warnings } = filter({ ip: "RemoteIP", hash: "SHA1" }, [IP, HOST, entity("CVE-2026-1", "CVE")]);
    expect(warnings).toEqual([
      "No entity fits file_hash_entity_key; it took no part in the query.",
      "Entities that took no part in the query: 1 of type HOSTNAME, 1 of type CVE.",
    ]);
  });

  it("stops by kind, not by column, when an entity of a named key is missing", () => {
    const columns = { user: "AccountUpn", email: "AccountUpn" };
    expect(filter(columns, [MAILBOX], { stopIfNotEnough: true })).toMatchObject({
      kind: "insufficient",
      message: `Action wasn't able to build the query, because not enough entity types were supplied for the specified ".. Entity Keys". Please disable "Stop If Not Enough Entities" parameter or provide at least one entity for each specified ".. Entity Key".`,
    });
    expect(filter(columns, [MAILBOX, entity("ann", "user")], { stopIfNotEnough: true }).kind).toBe("filter");
  });

  it.each([
    ["no entities", { ip: "RemoteIP" }, [], `"target_entities" is empty. Pass the entities`],
    ["no keys", {}, [IP], `no ".. Entity Key" names a column`],
    ["no entity of a named kind", { hash: "SHA1" }, [IP], "nothing to filter by"],
  ])("has no clause with %s", (_case, columns, entities, message) => {
    const built = filter(columns, entities);
    expect(built).toMatchObject({ kind: "insufficient", message: expect.stringContaining(message) });
  });
});
