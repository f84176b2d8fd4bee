/** The where clauses made of entities, and the cases in which there are none. */
import { describe, expect, it } from "vitest";
import { ENTITY_KINDS, type EntityKind, type TargetEntity } from "../../src/contract/entities.ts";
import { buildEntityFilter, type EntityRequest } from "../../src/kql/entity-filter.ts";
import { hasColumn } from "../../src/kql/schema.ts";
import { entityColumns, entityTables, timeColumn } from "../../src/kql/tables.ts";
import { parseKql } from "../support/kusto.ts";

const NO_KEYS: Record<EntityKind, string | null> = {
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
  keys: Partial<Record<EntityKind, string>>,
  entities: readonly TargetEntity[],
  { tables = ["Custom_CL"], operator = "OR", stopIfNotEnough = false }: Partial<EntityRequest> = {},
) {
  return buildEntityFilter({ tables, entities, keys: { ...NO_KEYS, ...keys }, operator, stopIfNotEnough });
}

function clausesOf(...args: Parameters<typeof filter>): Record<string, string> {
  const built = filter(...args);
  if (built.kind !== "filter") throw new Error(built.message);
  for (const clause of built.clauses.values()) expect(parseKql(`T\n${clause}`).errors).toEqual([]);
  return Object.fromEntries(built.clauses);
}

function clauseOf(...args: Parameters<typeof filter>): string | undefined {
  return Object.values(clausesOf(...args))[0];
}

describe("with keys", () => {
  it("matches one kind in any case and spelling", () => {
    const entities = [IP, entity("192.0.2.8", "ip address")];
    expect(clauseOf({ ip: "RemoteIP" }, entities)).toBe(
      "| where RemoteIP in~ ('192.0.2.7', '::ffff:192.0.2.7', '192.0.2.8', '::ffff:192.0.2.8')",
    );
  });

  it.each(["OR", "AND"] as const)("joins kinds by %s, each kind grouped", (operator) => {
    const entities = [entity("ws-042.contoso.com", "HOSTNAME"), IP];
    expect(clauseOf({ host: "DeviceName", ip: "RemoteIP" }, entities, { operator })).toBe(
      `| where (RemoteIP in~ ('192.0.2.7', '::ffff:192.0.2.7')) ${operator.toLowerCase()} (DeviceName in~ ('ws-042.contoso.com', 'ws-042'))`,
    );
  });

  it("folds repeats in any case, and keeps letters that only JavaScript takes for the same", () => {
    const entities = [HOST, entity("ws-042", "HOSTNAME"), entity("straße", "host"), entity("STRAẞE", "host")];
    expect(clauseOf({ host: "DeviceName" }, entities)).toBe(
      "| where tostring(split(DeviceName, '.')[0]) in~ ('WS-042', 'straße', 'STRAẞE')",
    );
  });

  it("splits long lists", () => {
    const entities = Array.from({ length: 1_100 }, (_, index) => entity(`user-${index}`, "user"));
    const clause = clauseOf({ user: "AccountName", ip: "RemoteIP" }, [IP, ...entities]) ?? "";
    const lists = [...clause.matchAll(/AccountName in~ \(([^)]*)\)/g)].map(
      ([, list = ""]) => list.split(", ").length,
    );
    expect(lists).toEqual([500, 500, 100]);
    expect(clause).toMatch(/ or \(AccountName in~ .* or AccountName in~ .*\)$/);
  });

  it("counts a user that is an address as email", () => {
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
    const keys = { user: "AccountUpn", email: "AccountUpn" };
    expect(filter(keys, [MAILBOX], { stopIfNotEnough: true })).toMatchObject({
      kind: "insufficient",
      message: `Action wasn't able to build the query, because not enough entity types were supplied for the specified ".. Entity Keys". Please disable "Stop If Not Enough Entities" parameter or provide at least one entity for each specified ".. Entity Key".`,
    });
    const both = [MAILBOX, entity("ben@contoso.com", "user"), entity("x", "user")];
    expect(filter(keys, both, { stopIfNotEnough: true }).kind).toBe("filter");
  });

  it("asks each table only for a column that it has, and under AND leaves the others out, by name", () => {
    const tables = ["DeviceNetworkEvents", "DeviceProcessEvents"];
    const keys = { ip: "RemoteIP", host: "DeviceName" };
    const ask = (operator: "AND" | "OR") => filter(keys, [IP, HOST], { tables, operator });
    const or = ask("OR");
    expect(or.kind === "filter" && [...or.clauses]).toEqual([
      ["DeviceNetworkEvents", expect.stringContaining("RemoteIP")],
      ["DeviceProcessEvents", "| where tostring(split(DeviceName, '.')[0]) in~ ('WS-042')"],
    ]);
    const and = ask("AND");
    expect(and.kind === "filter" && [...and.clauses.keys()]).toEqual(["DeviceNetworkEvents"]);
    expect(and.warnings).toEqual([
      "DeviceProcessEvents gives no rows: it has no column for these entities: ip.",
    ]);
  });

  it.each([
    ["no entities", { ip: "RemoteIP" }, [], `"target_entities" is empty. Pass the entities`],
    ["no entity of a named kind", { hash: "SHA1" }, [IP], "nothing to filter by"],
    ["only hashes of another kind", { hash: "SHA1" }, [entity("a".repeat(32), "FILEHASH")], "by hash"],
  ])("has no clause with %s", (_case, keys, entities, message) => {
    const built = filter(keys, entities);
    expect(built).toMatchObject({ kind: "insufficient", message: expect.stringContaining(message) });
  });
});

describe("without keys, or with auto", () => {
  const tables = ["DeviceNetworkEvents", "EmailEvents"];

  it("takes the columns that each table has", () => {
    expect(clausesOf({}, [entity("2001:DB8:0::7", "ADDRESS")], { tables })).toEqual({
      DeviceNetworkEvents:
        "| where RemoteIP in~ ('2001:db8::7', '2001:db8:0:0:0:0:0:7', '2001:0db8:0000:0000:0000:0000:0000:0007') or LocalIP in~ ('2001:db8::7', '2001:db8:0:0:0:0:0:7', '2001:0db8:0000:0000:0000:0000:0000:0007')",
      EmailEvents: expect.stringMatching(/SenderIPv4 in~ .* or SenderIPv6 in~/),
    });
  });

  it("takes only the kinds whose key is auto, once any key is named", () => {
    const { warnings, ...built } = filter({ ip: "auto" }, [IP, HOST], { tables: ["AlertEvidence"] });
    expect(built).toMatchObject({ kind: "filter" });
    expect(warnings).toEqual(["Entities that took no part in the query: 1 of type HOSTNAME."]);
  });

  it("tells hashes apart", () => {
    const [md5, sha1, sha256] = ["d", "e", "f"].map((digit, at) => digit.repeat([32, 40, 64][at] ?? 0));
    const hashes = [md5, sha1, sha256].map((hash = "") => entity(hash, "FILEHASH"));
    expect(clauseOf({}, hashes, { tables: ["DeviceImageLoadEvents"] })).toBe(
      `| where SHA1 in~ ('${sha1}') or SHA256 in~ ('${sha256}') or MD5 in~ ('${md5}')`,
    );
  });

  it("counts every kind that the tables have a column for, when it is to stop", () => {
    const built = filter({}, [IP], { tables: ["DeviceNetworkEvents"], stopIfNotEnough: true });
    expect(built).toMatchObject({
      kind: "insufficient",
      message: expect.stringContaining("there is no entity for: host, hash, user, url."),
    });
  });

  it("gives no table a weaker filter under AND, and sends nothing when none is left", () => {
    const entities = [IP, entity("a".repeat(40), "FILEHASH")];
    const built = filter({}, entities, { tables: ["EmailEvents"], operator: "AND" });
    expect(built).toMatchObject({ kind: "insufficient", message: expect.stringContaining("ip and hash") });
    expect(built.warnings).toContain("EmailEvents gives no rows: it has no column for these entities: hash.");
  });

  it("knows nothing of a table that Microsoft's schema does not have", () => {
    expect(filter({}, [IP]).kind).toBe("insufficient");
  });

  it("asks a table without mailboxes for the UPN", () => {
    const clauses = clausesOf({}, [MAILBOX], { tables: ["EmailEvents", "UrlClickEvents"] });
    expect(clauses["UrlClickEvents"]).toBe("| where AccountUpn in~ ('Ann@contoso.com')");
  });
});

describe("the columns of entities", () => {
  it.each(entityTables())("%s has all of its own, and a time", (table) => {
    for (const kind of ENTITY_KINDS)
      for (const column of entityColumns(table, kind)) expect(hasColumn(table, column), column).toBe(true);
    expect(hasColumn(table, timeColumn(table) ?? "")).toBe(true);
  });
});
