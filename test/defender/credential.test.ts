import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { loadWorkerConfig } from "../../src/config.ts";
import { credentialEndsAtMs } from "../../src/defender/credential.ts";
import { APP, refusal } from "../support/variables.ts";
import { createPrivateCa } from "./private-ca.ts";

const endOf = async (variables: Record<string, string>) => {
  const [instance] = loadWorkerConfig({ ...APP, ...variables }).instances;
  return instance === undefined ? undefined : await credentialEndsAtMs(instance);
};

it("a certificate says itself when it ends", async () => {
  const { caFile, tls } = await createPrivateCa(["127.0.0.1"]);
  const AZURE_CLIENT_CERTIFICATE_PATH = caFile;
  const atMs = (await endOf({ AZURE_CLIENT_SECRET: "", AZURE_CLIENT_CERTIFICATE_PATH })) ?? 0;
  // The server's was made in the same second, or the next.
  expect(Math.abs(atMs - Date.parse(new X509Certificate(tls.cert).validTo))).toBeLessThan(60_000);
});

it("a secret ends when we are told, and else nobody knows", async () => {
  expect(await endOf({ AZURE_CLIENT_SECRET_EXPIRES: "2027-03-31" })).toBe(Date.UTC(2027, 2, 31));
  expect(await endOf({})).toBeNull();
  expect(await endOf({ AZURE_CLIENT_SECRET: "", AZURE_FEDERATED_TOKEN_FILE: "/nowhere" })).toBeNull();
});

it("a date must be one", () => {
  expect(refusal(() => loadWorkerConfig({ ...APP, AZURE_CLIENT_SECRET_EXPIRES: "31.3.2027" }))).toContain(
    'AZURE_CLIENT_SECRET_EXPIRES: given "31.3.2027"; allowed: a date such as 2027-03-31',
  );
});
