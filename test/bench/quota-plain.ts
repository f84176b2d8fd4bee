/** The plain ways to make calls: as Microsoft's SDK retries them, and one by one after a fixed delay. They count what failed for good. */
import { setTimeout as sleep } from "node:timers/promises";
import axios from "axios";
import { SENT_KQL } from "./load.ts";
import { type SdkAnswer, sdkDelayMs } from "./sdk-retry.ts";

export interface PlainCaller {
  graphRoot: string;
  token: string;
}

/** Every call on its own, `atOnce` of them at a time; none knows of the others' 429. */
export async function callAsSdk(caller: PlainCaller, calls: number, atOnce: number): Promise<number> {
  const numbers = Array.from({ length: calls }).values();
  let failed = 0;
  async function work(): Promise<void> {
    for (const _ of numbers) if (!(await succeeds(caller))) failed += 1;
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  return failed;
}

async function succeeds(caller: PlainCaller): Promise<boolean> {
  for (let retries = 0; ; retries += 1) {
    const answer = await call(caller);
    const delayMs = sdkDelayMs(answer, retries);
    if (delayMs === null) return isDone(answer);
    await sleep(delayMs);
  }
}

/** What one writes first: no call before the last one is answered and `delayMs` have passed. */
export async function callOneByOne(caller: PlainCaller, calls: number, delayMs: number): Promise<number> {
  let failed = 0;
  for (let number = 0; number < calls; number += 1) {
    if (number > 0) await sleep(delayMs);
    if (!isDone(await call(caller))) failed += 1;
  }
  return failed;
}

async function call({ graphRoot, token }: PlainCaller): Promise<SdkAnswer> {
  const { status, headers } = await axios.post<unknown>(
    `${graphRoot}/v1.0/security/runHuntingQuery`,
    { Query: SENT_KQL },
    { headers: { authorization: `Bearer ${token}` }, validateStatus: () => true },
  );
  const retryAfter: unknown = headers["retry-after"];
  return { status, retryAfter: typeof retryAfter === "string" ? retryAfter : null };
}

function isDone({ status }: SdkAnswer): boolean {
  return status >= 200 && status < 300;
}
