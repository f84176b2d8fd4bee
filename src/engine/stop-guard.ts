/** Holds back what people have paused, before any call of an instance leaves. */
import { Failure } from "../contract/failure.ts";
import type { DefenderConnection } from "../contract/ports.ts";
import { byWhom } from "../contract/result.ts";
import type { Stop, StoppableCall, Stops } from "../queue/stops.ts";

/** How soon a held lane looks again, and a held write: nobody wakes them. */
const LOOK_AGAIN_MS = { lane: 5_000, job: 15_000 };

/** Throws a Failure that holds the job, its lane or both back, when somebody has paused the call. */
export async function refuseStopped(stops: Pick<Stops, "find">, call: StoppableCall): Promise<void> {
  const stop = await stops.find(call);
  if (stop !== null) throw stoppedFailure(stop);
}

/** A connection that looks at the stops last of all, with every slot in hand. */
export function guardConnection(
  connection: DefenderConnection,
  instance: string,
  stops: Pick<Stops, "find">,
): DefenderConnection {
  return {
    ...connection,
    open: (context) =>
      connection.open({
        ...context,
        async beforeSend(call) {
          await refuseStopped(stops, { instance, ...call });
          await context.beforeSend(call);
        },
      }),
  };
}

function stoppedFailure(stop: Stop): Failure {
  const { writes } = stop;
  const binds = writes ? "job" : "lane";
  const message = `${writes ? "writes are" : "calls are"} paused ${byWhom(stop)}`;
  return new Failure("throttled", message, {
    heldBack: "paused",
    binds,
    retryAfterMs: LOOK_AGAIN_MS[binds],
    hint: "See defender-actions unpause.",
  });
}
