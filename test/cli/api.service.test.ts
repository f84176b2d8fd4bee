/** The command as operators meet it. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createPrivateCa } from "../defender/private-ca.ts";
import { callApi } from "../producers/api/opened-api.ts";
import { startApiProcess } from "../support/api-process.ts";
import { runBin } from "./bin.ts";
import { emptyQueue } from "./installation.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("api new-token", () => {
  it("prints a token and its hash, a line each", async () => {
    const { code, out, err } = await runBin(["api", "new-token"]);
    const [, token = "", hash] = /^token: ([A-Za-z0-9_-]{43})\nhash: ([0-9a-f]{64})\n$/.exec(out) ?? [];
    expect([code, err, hash]).toEqual([0, "", sha256(token)]);
  });

  it("prints one JSON value with --json, which a server takes", async () => {
    const { out } = await runBin(["api", "new-token", "--json"]);
    const { token, hash } = z.strictObject({ token: z.string(), hash: z.string() }).parse(JSON.parse(out));
    const { url } = await startApiProcess({ ...emptyQueue(), API_TOKENS: `siem:default:*:${hash}` });
    expect((await callApi(url, "/v1/actions", { token })).status).toBe(200);
    expect((await callApi(url, "/v1/actions", { token: hash })).status).toBe(401);
  });
});

it.each<[string, Record<string, string>, string]>([
  ["beyond loopback without tokens", { API_HOST: "0.0.0.0" }, "API_HOST: given"],
  ["with a token that cannot be read", { API_TOKENS: "siem:default:*:short" }, "API_TOKENS: token 1: "],
  [
    "with a file of tokens that is not there",
    { API_TOKENS_FILE: "/nowhere" },
    "API_TOKENS_FILE: cannot be read (ENOENT)",
  ],
  ["with half of what TLS needs", { API_TLS_CERT_FILE: "/nowhere" }, "API_TLS_KEY_FILE: given nothing"],
])("api %s exits 2 with a sentence", async (_, env, sentence) => {
  const { code, out, err } = await runBin(["api"], { ...emptyQueue(), API_PORT: "0", ...env });
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(sentence);
  expect(err).not.toMatch(/^\s+at /m);
});

it("api speaks TLS with a certificate and a key from files", async () => {
  const { caFile, tls } = await createPrivateCa(["127.0.0.1"]);
  const folder = dirname(caFile);
  const files = { API_TLS_CERT_FILE: join(folder, "api.crt"), API_TLS_KEY_FILE: join(folder, "api.key") };
  await writeFile(files.API_TLS_CERT_FILE, tls.cert);
  await writeFile(files.API_TLS_KEY_FILE, tls.key);
  const { url } = await startApiProcess({ ...emptyQueue(), ...files });
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:/);
  const ca = await readFile(caFile);
  const status = await new Promise((resolve, reject) => {
    get(`${url}/v1/actions`, { ca, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on("error", reject);
  });
  expect(status).toBe(200);
});
