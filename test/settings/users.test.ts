import { describe, expect, it } from "vitest";
import { loadOpsConfig } from "../../src/config.ts";
import { hashPassword, verifyPassword } from "../../src/ops/password.ts";
import { type PasswordHash, parseHash } from "../../src/settings/users.ts";
import { cheapHash } from "../ops/session.ts";
import { refusal } from "../support/variables.ts";

function parsed(text: string): PasswordHash {
  const hash = parseHash(text);
  if (hash === null) throw new Error("not a hash");
  return hash;
}

const HASH = cheapHash("correct horse");

describe("the users of the board", () => {
  it("are none by default", () => {
    expect(loadOpsConfig({}).users).toBeNull();
  });

  it("have a name, a role and a hash each", () => {
    const { users } = loadOpsConfig({
      OPS_USERS: ` ada:operator:${HASH} , grace@contoso.com:viewer:${HASH},`,
    });
    expect(users).toMatchObject({
      listed: [
        { name: "ada", role: "operator" },
        { name: "grace@contoso.com", role: "viewer" },
      ],
    });
  });

  const refused: [string, string][] = [
    ["ada", "given no role for ada"],
    [`ada:admin:${HASH}`, "given no role for ada"],
    [`a da:viewer:${HASH}`, "given no usable name in entry 1"],
    [`ada:viewer:${HASH}:x`, "given no usable hash for ada"],
    ["ada:viewer:canary-password", "given no usable hash for ada"],
    [`ada:viewer:${HASH},ada:operator:${HASH}`, "given ada twice"],
    [`ada:viewer:${HASH.replace("16384", "16")}`, "given no usable hash for ada"],
    [`ada:viewer:${HASH.replace("16384", "16385")}`, "given no usable hash for ada"],
    [`ada:viewer:${HASH.replace("16384", "1048576")}`, "given no usable hash for ada"],
  ];

  it.each(refused)("refuses %s without repeating a hash", (text, problem) => {
    const message = refusal(() => loadOpsConfig({ OPS_USERS: text }));
    expect(message).toContain(`OPS_USERS: ${problem}; allowed: name:role:hash,…`);
    expect(message).not.toContain("canary");
    expect(message).not.toContain("scrypt$");
  });

  it.each(["OPS_USERS", "OPS_SESSION_SECRET"])("have %s, or a file with it, and not both", (variable) => {
    const given = { OPS_USERS: `ada:operator:${HASH}`, OPS_SESSION_SECRET: "s".repeat(32) };
    expect(loadOpsConfig({ [`${variable}_FILE`]: "/run/secrets/it" })).toMatchObject(
      variable === "OPS_USERS"
        ? { users: { file: "/run/secrets/it" } }
        : { sessionSecret: { file: "/run/secrets/it" } },
    );
    expect(refusal(() => loadOpsConfig({ ...given, [`${variable}_FILE`]: "/run/secrets/it" }))).toBe(
      `${variable}: given together with ${variable}_FILE; allowed: one of them`,
    );
  });

  it("may share a secret that is long enough, which is never repeated", () => {
    expect(refusal(() => loadOpsConfig({ OPS_SESSION_SECRET: "canary" }))).toBe(
      "OPS_SESSION_SECRET: given too short a text; allowed: 32 or more characters",
    );
  });
});

describe("a password", () => {
  it("is hashed with a salt of its own, without : and ,", async () => {
    const [first, second] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")]);
    expect(first).toMatch(/^scrypt\$65536\$8\$2\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/);
    expect(first).not.toBe(second);
    expect(await verifyPassword("correct horse", parsed(first))).toBe(true);
    expect(await verifyPassword("correct horsf", parsed(first))).toBe(false);
  });

  it("is the same however its letters are composed", async () => {
    expect(await verifyPassword("caf\u0065\u0301 au lait", parsed(cheapHash("caf\u00e9 au lait")))).toBe(
      true,
    );
  });
});
