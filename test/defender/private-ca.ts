/** A certificate authority of our own, and a server certificate that it signed. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface PrivateCa {
  /** PEM file of the authority's certificate. */
  caFile: string;
  /** For the server. */
  tls: { key: string; cert: string };
}

export async function createPrivateCa(hosts: readonly string[]): Promise<PrivateCa> {
  const dir = await mkdtemp(join(tmpdir(), "private-ca-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const at = (name: string) => join(dir, name);
  const issue = (name: string, subject: string, ...more: string[]) => {
    const files = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const options = ["req", "-x509", ...curve, "-days", "1", "-subj", subject, ...files, ...more];
    execFileSync("openssl", options, { stdio: "ignore" });
  };
  issue("ca", "/CN=Contoso Test CA");
  const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(",");
  const signed = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-addext", "basicConstraints=CA:FALSE"];
  issue("server", "/CN=server", ...signed, "-addext", `subjectAltName=${names}`);
  const [key, cert] = await Promise.all([
    readFile(at("server.key"), "utf8"),
    readFile(at("server.pem"), "utf8"),
  ]);
  return { caFile: at("ca.pem"), tls: { key, cert } };
}
