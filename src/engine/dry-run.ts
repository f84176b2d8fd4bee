/** Defender without writes: every write is answered as if it had been done, and none leaves. */
import type { Outcome } from "../contract/define-action.ts";
import type { Defender, DefenderConnection } from "../contract/ports.ts";

export function withoutWrites(connection: DefenderConnection): DefenderConnection {
  return { ...connection, open: (context) => readOnly(connection.open(context)) };
}

function readOnly(defender: Defender): Defender {
  return {
    ...defender,
    async updateIncident(id, patch) {
      return { ...(await defender.getIncident(id)), ...patch };
    },
    async addComment(id, text) {
      const { comments } = await defender.getIncident(id);
      return [...(comments ?? []), { comment: text, createdDateTime: new Date().toISOString() }];
    },
  };
}

/** Says of an outcome that it has no effect. */
export function markDryRun(outcome: Outcome): Outcome {
  if (outcome.kind !== "done" || !outcome.isSuccess) return outcome;
  const warning = "DEFENDER_WRITES is off: nothing was sent to Microsoft 365 Defender";
  return { ...outcome, reason: "dry_run", warnings: [warning, ...(outcome.warnings ?? [])] };
}
