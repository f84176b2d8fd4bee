/** Environment variables of an imaginary app, and how a refused configuration is looked at. */
import { expect } from "vitest";
import { Failure } from "../../src/contract/failure.ts";

export const APP = {
  AZURE_TENANT_ID: "11111111-1111-1111-1111-111111111111",
  AZURE_CLIENT_ID: "22222222-2222-2222-2222-222222222222",
  AZURE_CLIENT_SECRET: "canary-secret",
};
export function refusal(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect(error).toHaveProperty("code", "invalid_input");
    return error instanceof Error ? error.message : "";
  }
  throw new Error("was not refused");
}
