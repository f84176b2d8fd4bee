/** The receivers that docs/webhook.md shows, as they stand there. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { signedHeaders } from "../../../src/engine/webhook/signature.ts";
import { readKeys } from "../../../src/settings/result-webhook.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const BODY = JSON.stringify({ output_message: "ü 😀" });
const GUIDE = readFileSync(new URL("../../../docs/webhook.md", import.meta.url), "utf8");
const blockOf = (language: string): string =>
  new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(GUIDE)?.[1] ?? "";

const sign = (secrets: string, agoMs = 0) =>
  signedHeaders("msg_1", BODY, readKeys(secrets) ?? [], Date.now() - agoMs);
const CASES: readonly (readonly [string, Record<string, string>, string, boolean])[] = [
  ["genuine", sign(SECRET), BODY, true],
  ["signed with two keys", sign(`${OTHER},${SECRET}`), BODY, true],
  ["signed with another key", sign(OTHER), BODY, false],
  ["changed on the way", sign(SECRET), `${BODY} `, false],
  ["ten minutes old", sign(SECRET, 600_000), BODY, false],
  [
    "not signed",
    { "webhook-id": "msg_1", "webhook-timestamp": String(Math.floor(Date.now() / 1_000)) },
    BODY,
    false,
  ],
  ["nothing at all", {}, "", false],
];
const asked = CASES.map(([, headers, body]) => ({ headers, body }));
const expected = CASES.map(([what, , , isGenuine]) => [what, isGenuine]);

async function judge(command: string, args: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(command, args);
  return z
    .array(z.boolean())
    .parse(JSON.parse(stdout))
    .map((isGenuine, index) => [CASES[index]?.[0], isGenuine]);
}

describe("a receiver takes what is genuine and nothing else", () => {
  it("in Node", async () => {
    const program = `${blockOf("js")}
      console.log(JSON.stringify(${JSON.stringify(asked)}.map(({ headers, body }) => isGenuine(headers, body, "${SECRET}"))));`;
    expect(await judge(process.execPath, ["--input-type=module", "-e", program])).toEqual(expected);
  });

  it("in Python", async () => {
    const program = `${blockOf("python")}
import json, sys
print(json.dumps([is_genuine(one["headers"], one["body"].encode(), "${SECRET}") for one in json.loads(sys.argv[1])]))`;
    expect(await judge("python3", ["-c", program, JSON.stringify(asked)])).toEqual(expected);
  });
});
