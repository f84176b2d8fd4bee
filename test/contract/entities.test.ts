import { describe, expect, it } from "vitest";
import { entityKind } from "../../src/contract/entities.ts";

describe("the kind of an entity", () => {
  it.each([
    ["ADDRESS", "ip"],
    ["IP Address", "ip"],
    ["HOSTNAME", "host"],
    ["USERUNIQNAME", "user"],
    ["user_name", "user"],
    ["FILEHASH", "hash"],
    ["File Hash", "hash"],
    ["DestinationURL", "url"],
    ["email-address", "email"],
  ])("%s is %s", (type, kind) => {
    expect(entityKind(type)).toBe(kind);
  });

  it.each(["DOMAIN", "CVE", "PARENTHASH", "constructor", "__proto__"])("%s is none", (type) => {
    expect(entityKind(type)).toBeNull();
  });
});
