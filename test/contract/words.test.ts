/** Every word that a caller may send for status, classification and determination. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { choice } from "../../src/contract/arguments.ts";
import { CLASSIFICATIONS, DETERMINATIONS, STATUSES } from "../../src/contract/incident.ts";

const ARGUMENTS = {
  status: choice("Status.", STATUSES, null),
  classification: choice("Classification.", CLASSIFICATIONS, null),
  determination: choice("Determination.", DETERMINATIONS, null),
};

/** Graph value: the SOAR's and the portal's labels, Graph's own names, and older spellings. */
const WORDS: Record<keyof typeof ARGUMENTS, Record<string, string[]>> = {
  status: {
    active: ["Active", "active", "New"],
    inProgress: ["In Progress", "inProgress", "InProgress"],
    resolved: ["Resolved", "resolved", "Closed"],
  },
  classification: {
    truePositive: ["True Positive", "truePositive", "TruePositive"],
    falsePositive: ["False Positive", "falsePositive"],
    informationalExpectedActivity: [
      "Informational, Expected Activity",
      "informationalExpectedActivity",
      "Informational",
      "Expected activity",
    ],
    unknown: ["Not set", "unknown"],
  },
  determination: {
    multiStagedAttack: ["Multistage attack", "multiStagedAttack", "Multi Staged Attack"],
    maliciousUserActivity: ["Malicious user activity", "maliciousUserActivity"],
    compromisedAccount: ["Compromised account", "compromisedAccount", "compromisedUser"],
    malware: ["Malware", "malware"],
    phishing: ["Phishing", "phishing"],
    unwantedSoftware: ["Unwanted Software", "unwantedSoftware"],
    securityTesting: ["Security Testing", "Security test", "securityTesting"],
    lineOfBusinessApplication: ["Line-of-business application", "lineOfBusinessApplication"],
    confirmedActivity: ["Confirmed activity", "confirmedActivity", "confirmedUserActivity"],
    notMalicious: ["Not malicious", "notMalicious", "clean"],
    notEnoughDataToValidate: [
      "Not enough data to validate",
      "notEnoughDataToValidate",
      "NoEnoughDataToValidate",
      "insufficientData",
    ],
    apt: ["Apt", "apt", "APT"],
    securityPersonnel: ["Security Personnel", "securityPersonnel"],
    other: ["Other", "other"],
    unknown: ["Not Available", "NotAvailable", "unknown", "Not set"],
  },
};

const rows = Object.entries(WORDS).flatMap(([argument, values]) =>
  Object.entries(values).flatMap(([value, words]) => words.map((word) => ({ argument, word, value }))),
);

function read(argument: string, sent: unknown): unknown {
  return z.object(ARGUMENTS).parse({ [argument]: sent })[argument as keyof typeof ARGUMENTS];
}

describe("a word for an incident's state", () => {
  it.each(rows)("$argument $word is $value in any case and as a list of one", ({ argument, word, value }) => {
    for (const spelling of [word, word.toLowerCase(), word.toUpperCase(), `  ${word} `]) {
      expect(read(argument, spelling)).toBe(value);
      expect(read(argument, [spelling])).toBe(value);
    }
  });

  it.each(Object.keys(ARGUMENTS))("%s is not set when nothing was chosen", (argument) => {
    for (const nothing of [undefined, null, "", "  ", [], [""], "Select One", ["select one"], "SELECT ONE"])
      expect(read(argument, nothing)).toBeNull();
  });

  it("covers the whole of each table", () => {
    expect(Object.keys(WORDS.status)).toEqual(Object.keys(STATUSES));
    expect(Object.keys(WORDS.classification)).toEqual(Object.keys(CLASSIFICATIONS));
    expect(Object.keys(WORDS.determination)).toEqual(Object.keys(DETERMINATIONS));
  });

  it.each([
    ["status", "Redirected"],
    ["status", "awaitingAction"],
    ["classification", "unknownFutureValue"],
    ["determination", "ransomware"],
    ["determination", "constructor"],
    ["status", ["Active", "Resolved"]],
    ["status", { label: "Active" }],
  ])("refuses %s %j and says what is allowed", (argument, sent) => {
    const parsed = z.object(ARGUMENTS).safeParse({ [argument]: sent });
    const labels = { status: "Active, In Progress, Resolved", classification: "Informational, Expected" };
    const message = parsed.error?.issues.map((issue) => issue.message).join() ?? "";
    expect(message).toContain(`given ${JSON.stringify(sent)}; allowed: `);
    expect(message).toContain(labels[argument as keyof typeof labels] ?? "Malware, Phishing");
  });
});
