/** Publishes when the credentials of a worker's instances end: anew each hour, for a file may have been replaced. */
import type { InstanceConfig } from "../config.ts";
import { credentialEndsAtMs } from "../defender/credential.ts";
import type { CredentialEnds } from "../queue/credential-ends.ts";

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
