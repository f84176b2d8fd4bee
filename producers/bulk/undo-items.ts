/** What an undo puts back: an item for each incident that the run changed, but for values that can't be put back. */
import { changeBack } from "../../src/bulk/change.ts";
import type { Item, Outcome } from "../../src/bulk/run.ts";

const NAMED_AT_MOST = 20;

/** What stays as the run left it. */
export interface Remains {
  /** Incidents with a value that Graph takes no longer: no status, classification or determination can be taken away. */
  fixed: number;
  /** The first of them, each with what it held before. */
  fixed_sample: Pick<Outcome, "id" | "before">[];
  /** Incidents to which the run added nothing but a comment. */
  only_comment: number;
  /** Incidents that were written without a look at them, so that nobody knows what was there before. */
  unread: number;
}

export class UndoItems {
  readonly remains: Remains = { fixed: 0, fixed_sample: [], only_comment: 0, unread: 0 };

  /** Null for an incident that the undo leaves out. */
  toItem({ id, result, before, after }: Outcome): Item | null {
    if (result !== "changed") return null;
    if (before === undefined || Object.keys(before).length === 0) {
      const isWritten = Object.keys(after ?? {}).length > 0;
      this.remains[isWritten ? "unread" : "only_comment"] += 1;
      return null;
    }
    const change = changeBack(before);
    if (Object.keys(change).length > 0)
      return { id, change, ...(after === undefined ? {} : { listed: after }) };
    this.remains.fixed += 1;
    if (this.remains.fixed_sample.length < NAMED_AT_MOST) this.remains.fixed_sample.push({ id, before });
    return null;
  }
}
