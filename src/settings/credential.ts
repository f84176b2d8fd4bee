/** How the app proves who it is: exactly one kind of credential. */
import type { Scope } from "./environment.ts";

/** Where a secret comes from; a file is read anew each time, so that a rotated one is seen. */
export type SecretSource = { value: string } | { file: string };

export type Credential =
  | { kind: "secret"; secret: SecretSource }
  | { kind: "certificate"; path: string; password: SecretSource | null }
  | { kind: "federated"; tokenFile: string };

const KINDS = [
  "AZURE_CLIENT_SECRET",
  "AZURE_CLIENT_SECRET_FILE",
  "AZURE_CLIENT_CERTIFICATE_PATH",
  "AZURE_FEDERATED_TOKEN_FILE",
] as const;
const PASSWORDS = ["AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE"] as const;

export const CREDENTIAL_VARIABLES: readonly string[] = [...KINDS, ...PASSWORDS];

export function secretSource(value: string | undefined, file: string | undefined): SecretSource | null {
  if (value !== undefined) return { value };
  return file === undefined ? null : { file };
}

/** Null when `problems` got a new one. No value is ever repeated. */
export function readCredential({ given, nameOf }: Scope, problems: string[]): Credential | null {
  const isGiven = (variable: string): boolean => given[variable] !== undefined;
  const kinds = KINDS.filter(isGiven);
  if (kinds.length !== 1) {
    const found = kinds.length === 0 ? "none" : kinds.map(nameOf).join(" and ");
    problems.push(
      `${nameOf(KINDS[0])}: given ${found}; allowed: exactly one of ${KINDS.map(nameOf).join(", ")}`,
    );
    return null;
  }
  const [password, passwordFile] = PASSWORDS;
  const passwords = PASSWORDS.filter(isGiven);
  if (passwords.length > (isGiven("AZURE_CLIENT_CERTIFICATE_PATH") ? 1 : 0)) {
    const found = passwords.map(nameOf).join(" and ");
    problems.push(`${nameOf(password)}: given ${found}; allowed: one, with a certificate`);
    return null;
  }

  const path = given["AZURE_CLIENT_CERTIFICATE_PATH"];
  if (path !== undefined)
    return { kind: "certificate", path, password: secretSource(given[password], given[passwordFile]) };
  const tokenFile = given["AZURE_FEDERATED_TOKEN_FILE"];
  if (tokenFile !== undefined) return { kind: "federated", tokenFile };
  const secret = secretSource(given["AZURE_CLIENT_SECRET"], given["AZURE_CLIENT_SECRET_FILE"]);
  return secret === null ? null : { kind: "secret", secret };
}
