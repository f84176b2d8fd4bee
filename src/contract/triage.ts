/** Which determination goes with which classification (`defender-api.md` 2.2; Graph itself documents no check). */
import {
  CLASSIFICATIONS,
  type Classification,
  DETERMINATIONS,
  DETERMINATIONS_BY_CLASSIFICATION,
  type Determination,
  RETIRED_WITH_TRUE_POSITIVE,
} from "./incident.ts";
import { keysOf } from "./table.ts";

export interface TriageVerdict {
  /** Why the pair is refused, in one sentence. */
  refusal?: string;
  /** What the reader should know although the pair is accepted. */
  warning?: string;
}

/**
 * Judges a pair. `unknown` ("Not Available") goes with any classification and with none; every other determination
 * needs its classification beside it. With `strictDetermination`, only true positive may have one, as in the SOAR.
 */
export function checkDetermination(
  classification: Classification | null,
  determination: Determination | null,
  { strictDetermination = false }: { strictDetermination?: boolean } = {},
): TriageVerdict {
  if (determination === null || determination === "unknown") return {};
  const given = JSON.stringify(DETERMINATIONS[determination].label);
  if (classification === null) {
    return {
      refusal: `given ${given} without a classification; allowed: with classification ${classificationsFor(determination)}`,
    };
  }
  if (strictDetermination && classification !== "truePositive") {
    return {
      refusal: `given ${given} with ${label(classification)}; allowed: only with True Positive (STRICT_DETERMINATION is on)`,
    };
  }
  if (DETERMINATIONS_BY_CLASSIFICATION[classification].includes(determination)) return {};
  if (classification === "truePositive" && RETIRED_WITH_TRUE_POSITIVE.includes(determination)) {
    return { warning: `The portal no longer offers the determination ${given} with True Positive.` };
  }
  const allowed = DETERMINATIONS_BY_CLASSIFICATION[classification].map((key) => DETERMINATIONS[key].label);
  return {
    refusal: `given ${given} with classification ${label(classification)}; allowed: ${allowed.join(", ")}`,
  };
}

function label(classification: Classification): string {
  return CLASSIFICATIONS[classification].label;
}

function classificationsFor(determination: Determination): string {
  const fitting = keysOf(CLASSIFICATIONS).filter(
    (classification) => checkDetermination(classification, determination).refusal === undefined,
  );
  return fitting.map(label).join(" or ");
}
