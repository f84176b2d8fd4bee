/** Reads an app's credential, from files anew each time: a rotated secret is used by the next token request. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { NodeAuthOptions } from "@azure/msal-node";
import type { Credential, InstanceConfig, SecretSource } from "../config.ts";
import { Failure } from "../contract/failure.ts";

/** The credential part of MSAL's options. Throws `auth_failed` for what cannot be read, without repeating any of it. */
export async function readCredential(
  credential: Credential,
): Promise<Pick<NodeAuthOptions, "clientSecret" | "clientAssertion" | "clientCertificate">> {
  switch (credential.kind) {
    case "secret":
      return { clientSecret: await readSecret(credential.secret) };
    case "federated":
      return { clientAssertion: await readText(credential.tokenFile) };
    case "certificate": {
      const pem = await readText(credential.path);
      const passphrase = credential.password === null ? undefined : await readSecret(credential.password);
      return { clientCertificate: readCertificate(credential.path, pem, passphrase) };
    }
  }
}

/** When it ends, in Unix time in milliseconds: a certificate says so itself. Null when nobody does, or it cannot be read. */
export async function credentialEndsAtMs({
  credential,
  secretExpiresAtMs,
}: Pick<InstanceConfig, "credential" | "secretExpiresAtMs">): Promise<number | null> {
  if (credential.kind === "federated") return null;
  if (credential.kind === "secret") return secretExpiresAtMs ?? null;
  try {
    return Date.parse(new X509Certificate(await readText(credential.path)).validTo);
  } catch {
    return null; // The token request tells what is wrong.
  }
}

function readCertificate(path: string, pem: string, passphrase: string | undefined) {
  try {
    const key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
    return {
      thumbprintSha256: new X509Certificate(pem).fingerprint256.replaceAll(":", ""),
      privateKey: key.export({ type: "pkcs8", format: "pem" }).toString(),
    };
  } catch {
    throw new Failure("auth_failed", `${path} is no certificate with its private key in PEM`, {
      hint: "AZURE_CLIENT_CERTIFICATE_PATH names one PEM file with both; an encrypted key needs AZURE_CLIENT_CERTIFICATE_PASSWORD.",
    });
  }
}

async function readSecret(source: SecretSource): Promise<string> {
  return "value" in source ? source.value : readText(source.file);
}

async function readText(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  if (text.trim() !== "") return text.trim();
  throw new Failure("auth_failed", `${path} is empty or cannot be read`, {
    hint: "Check the path, its permissions, and that the secret is mounted.",
  });
}
