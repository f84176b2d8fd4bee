import { describe, expect, test } from "vitest";
import { gateId } from "../../src/defender/connection.ts";
import { connectTo, instanceAt } from "./scripted-connection.ts";

describe("a gate", () => {
  const contoso = { tenantId: "AAAA.contoso.com", clientId: "app-1" };

  test("of incidents belongs to a tenant and an app, of hunting to a tenant", () => {
    const other = { ...contoso, clientId: "app-2" };
    expect(gateId(contoso, "incidents")).not.toBe(gateId(other, "incidents"));
    expect(gateId(contoso, "hunting")).toBe(gateId(other, "hunting"));
    expect(gateId(contoso, "hunting")).not.toBe(gateId({ ...contoso, tenantId: "fabrikam.com" }, "hunting"));
  });

  test("has one name however its tenant is spelt, and one that shows nothing", () => {
    expect(gateId({ tenantId: "aaaa.CONTOSO.com", clientId: "APP-1" }, "incidents")).toBe(
      gateId(contoso, "incidents"),
    );
    expect(gateId(contoso, "incidents")).toMatch(/^incidents-[0-9a-f]{16}$/);
  });
});

test("a connection tells how long its lane is held", async () => {
  const { connection, gates } = connectTo(instanceAt("http://127.0.0.1:1"));
  gates.hunting.heldForMs = async () => 42;
  expect(await connection.heldForMs("hunting", "bulk")).toBe(42);
  expect(await connection.heldForMs("incidents", "bulk")).toBe(0);
});
