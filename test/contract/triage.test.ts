/** The pairs of classification and determination, all of them (`defender-api.md` 2.2). */
import { describe, expect, it } from "vitest";
import {
  CLASSIFICATIONS,
  type Classification,
  DETERMINATIONS,
  type Determination,
} from "../../src/contract/incident.ts";
import { keysOf } from "../../src/contract/table.ts";
import { checkDetermination } from "../../src/contract/triage.ts";

/** y: accepted, w: accepted with a warning, -: refused. In the order truePositive, informational, falsePositive, unknown. */
const MATRIX: Record<Determination, string> = {
  multiStagedAttack: "y---",
  maliciousUserActivity: "y---",
  compromisedAccount: "y---",
  malware: "y---",
  phishing: "y---",
  unwantedSoftware: "y---",
  securityTesting: "wy--",
  lineOfBusinessApplication: "-y--",
  confirmedActivity: "-y--",
  notMalicious: "--y-",
  notEnoughDataToValidate: "--y-",
  apt: "w---",
  securityPersonnel: "w---",
  other: "yyy-",
  unknown: "yyyy",
};
const COLUMNS = ["truePositive", "informationalExpectedActivity", "falsePositive", "unknown"] as const;

const pairs = keysOf(MATRIX).flatMap((determination) =>
  COLUMNS.map((classification, column) => ({
    determination,
    classification,
    verdict: MATRIX[determination][column],
  })),
);

function verdictOf(classification: Classification, determination: Determination): string {
  const { refusal, warning } = checkDetermination(classification, determination);
  return refusal !== undefined ? "-" : warning !== undefined ? "w" : "y";
}

describe("a determination", () => {
  it.each(pairs)(
    "$determination with $classification is judged $verdict",
    ({ determination, classification, verdict }) => {
      expect(verdictOf(classification, determination)).toBe(verdict);
    },
  );

  it("that does not belong is refused with all that would", () => {
    expect(checkDetermination("falsePositive", "malware").refusal).toBe(
      'given "Malware" with classification False Positive; allowed: Not Malicious, Not Enough Data To Validate, Other, Not Available',
    );
    expect(checkDetermination("unknown", "other").refusal).toBe(
      'given "Other" with classification Not Set; allowed: Not Available',
    );
  });

  it.each([
    ["phishing", "True Positive"],
    ["apt", "True Positive"],
    ["securityTesting", "True Positive or Informational, Expected Activity"],
    ["notMalicious", "False Positive"],
    ["other", "True Positive or False Positive or Informational, Expected Activity"],
  ] as const)("%s alone is refused with the classification to send: %s", (determination, classifications) => {
    expect(checkDetermination(null, determination).refusal).toBe(
      `given "${DETERMINATIONS[determination].label}" without a classification; allowed: with classification ${classifications}`,
    );
  });

  it("Not Available goes with any classification, and with none", () => {
    for (const classification of [null, ...keysOf(CLASSIFICATIONS)])
      expect(checkDetermination(classification, "unknown")).toEqual({});
  });

  it("that the portal no longer offers is named in the warning", () => {
    expect(checkDetermination("truePositive", "apt").warning).toBe(
      'The portal no longer offers the determination "Apt" with True Positive.',
    );
  });

  it("goes only with true positive when STRICT_DETERMINATION is on", () => {
    const strict = { strictDetermination: true };
    expect(checkDetermination("falsePositive", "notMalicious", strict).refusal).toContain(
      "STRICT_DETERMINATION",
    );
    expect(checkDetermination("informationalExpectedActivity", "other", strict).refusal).toBeDefined();
    expect(checkDetermination("falsePositive", "unknown", strict)).toEqual({});
    expect(checkDetermination("truePositive", "phishing", strict)).toEqual({});
  });
});
