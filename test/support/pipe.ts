/** A rig for one test, on the Redis that all tests share; it ends with the test. */
import { inject, onTestFinished } from "vitest";
import { openRig, type Rig, type RigOptions } from "./rig.ts";

export { CASE } from "./rig.ts";

export async function openPipe(options: Omit<RigOptions, "redisUrl"> = {}): Promise<Rig> {
  const rig = await openRig({ redisUrl: inject("redisUrl"), ...options });
  onTestFinished(() => rig.close());
  return rig;
}
