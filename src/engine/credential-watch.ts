/** Publishes when the credentials of a worker's instances end, anew each hour, for a file may have been replaced; and which of them Entra ID refuses. */
import type { InstanceConfig } from "../config.ts";
import { credentialEndsAtMs } from "../defender/credential.ts";
import type { CredentialEnds } from "../queue/credential-ends.ts";
import type { CredentialRefusals } from "../queue/credential-refusals.ts";
import type { Observe } from "./observer.ts";

const LOOK_EVERY_MS = 3_600_000;

export function watchCredentials(
  instances: readonly InstanceConfig[],
  ends: Pick<CredentialEnds, "publish">,
  onError: (error: Error) => void,
): { stop(): void } {
  const look = (): void => {
    for (const instance of instances)
      credentialEndsAtMs(instance)
        .then((atMs) => ends.publish(instance.name, atMs))
        .catch(onError);
  };
  look();
  const looking = setInterval(look, LOOK_EVERY_MS);
  return { stop: () => clearInterval(looking) };
}

/** Hears all that `observe` hears. */
export function noteRefusals(
  refusals: Pick<CredentialRefusals, "note" | "clear">,
  observe: Observe,
  onError: (error: Error) => void,
): Observe {
  return (observed) => {
    observe(observed);
    if (observed.kind !== "defender" || observed.event.kind !== "token") return;
    const { instance, event } = observed;
    if (event.failure === null) refusals.clear(instance).catch(onError);
    else if (event.failure.code === "auth_failed") refusals.note(instance).catch(onError);
  };
}
