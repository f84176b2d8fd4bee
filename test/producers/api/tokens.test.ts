import { createHash } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeToken, parseTokens, Tokens } from "../../../producers/api/tokens.ts";
import { createLog } from "../../../src/log.ts";
import { refusal } from "../../support/variables.ts";

const HASH = "a".repeat(64);
const entry = (bounds: string, hash = HASH): string => {
  const [name, instances, actions, ...more] = bounds.split(":");
  return [name, instances, actions, hash, ...more].join(":");
};

it("a new token is 32 random bytes, and its hash that of its text", () => {
  const { token, hash } = makeToken();
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(hash).toBe(createHash("sha256").update(token).digest("hex"));
  expect(makeToken().token).not.toBe(token);
});

describe("an entry", () => {
  it("binds to instances and actions, and to its own cases unless it says otherwise", () => {
    expect(
      parseTokens(
        `${entry("siem:contoso+fabrikam-eu:ping+update_incident")}, ${entry("all:*:*:cases=all")}`,
        "X",
      ),
    ).toEqual([
      {
        name: "siem",
        instances: new Set(["contoso", "fabrikam-eu"]),
        actions: new Set(["ping", "update_incident"]),
        allCases: false,
        rate: null,
        bodyLimitBytes: null,
        hash: HASH,
      },
      {
        name: "all",
        instances: null,
        actions: null,
        allCases: true,
        rate: null,
        bodyLimitBytes: null,
        hash: HASH,
      },
    ]);
  });

  it("may bear limits of its own, in any order", () => {
    const [token] = parseTokens(entry("siem:*:*:body=64kb:cases=all:rate=100/1m"), "X");
    const rate = { calls: 100, windowMs: 60_000 };
    expect(token).toMatchObject({ allCases: true, rate, bodyLimitBytes: 65_536 });
  });

  it("may stand on a line of its own, under a comment", () => {
    expect(
      parseTokens(`# for the SIEM\n${entry("siem:*:*")}\n\n${entry("soar:*:*")} # and the SOAR\n`, "X"),
    ).toHaveLength(2);
  });

  it.each([
    ["no name", `:*:*:${HASH}`, 'given ""; allowed: 1 to 64 of letters'],
    ["a name with blanks", `a b:*:*:${HASH}`, 'given "a b"'],
    ["an instance that cannot be", `a:Contoso:*:${HASH}`, 'given "Contoso"; allowed: names of instances'],
    ["no instance", `a::*:${HASH}`, "allowed: names of instances joined by +, or *"],
    [
      "an unknown action",
      `a:*:ping+pong:${HASH}`,
      'given "ping+pong"; allowed: names of actions joined by +, or *',
    ],
    ["no hash", "a:*:*", "allowed: name:instances:actions:hash"],
    [
      "a hash in capitals",
      `a:*:*:${"A".repeat(64)}`,
      "allowed: SHA-256 of the token as 64 lower-case hex digits",
    ],
    ["a token in the hash's place", "a:*:*:the-token-itself", "allowed: SHA-256 of the token"],
    ["something else behind", `a:*:*:${HASH}:cases=some`, "each once: cases=all"],
    ["more behind", `a:*:*:${HASH}:cases=all:x`, "each once: cases=all"],
    ["a bound twice", `a:*:*:${HASH}:rate=1/1s:rate=2/1s`, "each once: cases=all"],
    ["a rate that is none", `a:*:*:${HASH}:rate=fast`, "rate=100/1m"],
    ["two rates", `a:*:*:${HASH}:rate=1/1s+2/1m`, "rate=100/1m"],
    ["a body that is none", `a:*:*:${HASH}:body=big`, "body=64kb"],
  ])("with %s is refused", (_, text, sentence) => {
    const message = refusal(() => parseTokens(`${entry("fine:*:*")},${text}`, "API_TOKENS"));
    expect(message).toContain("API_TOKENS: token 2: ");
    expect(message).toContain(sentence);
    expect(message).not.toContain("the-token-itself");
  });
});

describe("a file of tokens", () => {
  async function openFile(text: string) {
    const folder = await mkdtemp(join(tmpdir(), "defender-actions-tokens-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "tokens");
    await writeFile(file, text);
    const log: string[] = [];
    const open = () =>
      Tokens.open({ listed: "", file }, createLog("info", { write: (line) => log.push(line) }));
    const replace = async (next: string): Promise<void> => {
      await writeFile(`${file}.new`, next);
      await rename(`${file}.new`, file);
    };
    return { file, log, open, replace };
  }
  const one = makeToken();
  const two = makeToken();

  it("is read again when it changes: what is new may call, what is gone may not", async () => {
    const { open, replace } = await openFile(entry("one:*:*", one.hash));
    const tokens = await open();
    const found = await tokens.find(one.token);
    expect([found?.name, await tokens.find(two.token)]).toEqual(["one", null]);
    await replace(`${entry("one:*:*", one.hash)}\n${entry("two:*:*", two.hash)}`);
    expect((await tokens.find(two.token))?.name).toBe("two");
    // Streams that it opened go on.
    expect(found !== null && (await tokens.isListed(found))).toBe(true);
    await replace(entry("two:*:*", two.hash));
    expect(await tokens.find(one.token)).toBeNull();
    expect(found !== null && (await tokens.isListed(found))).toBe(false);
  });

  it("that is broken, or gone, changes nothing, and is complained of without its text", async () => {
    const { file, log, open, replace } = await openFile(entry("one:*:*", one.hash));
    const tokens = await open();
    await replace("two:*:*:secret-in-the-wrong-place");
    expect((await tokens.find(one.token))?.name).toBe("one");
    await rm(file);
    expect((await tokens.find(one.token))?.name).toBe("one");
    expect(log.join("")).toContain("file.unreadable");
    expect(log.join("")).not.toContain("secret-in-the-wrong-place");
    await replace("");
    expect(await tokens.find(one.token)).toBeNull();
  });

  it("must be there at the start", async () => {
    const { file, open } = await openFile("");
    await rm(file);
    await expect(open()).rejects.toMatchObject({
      code: "invalid_input",
      message: "API_TOKENS_FILE: cannot be read (ENOENT)",
    });
  });
});
