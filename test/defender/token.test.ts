import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { type Token, TokenKeeper } from "../../src/defender/token.ts";
import { failureOf } from "./scripted-connection.ts";

const never = () => new AbortController().signal;
const MINUTE_MS = 60_000;
const away = new Failure("defender_unavailable", "Entra ID did not answer in time");

/** A keeper over requests that the test settles one by one. */
function keeper() {
  const requests: {
    claims: string | undefined;
    grant(lifeMs?: number): void;
    refuse(failure: Failure): void;
  }[] = [];
  const reports: (Failure | null)[] = [];
  const tokens = new TokenKeeper(
    (claims) =>
      new Promise<Token>((resolve, reject) => {
        const text = `token-${requests.length + 1}`;
        requests.push({
          claims,
          grant: (lifeMs = 60 * MINUTE_MS) => resolve({ text, expiresAtMs: Date.now() + lifeMs }),
          refuse: reject,
        });
      }),
    (failure) => reports.push(failure),
  );
  return { tokens, requests, reports };
}

async function held(lifeMs?: number) {
  const kept = keeper();
  const first = kept.tokens.get(never());
  kept.requests[0]?.grant(lifeMs);
  await first;
  return kept;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a token", () => {
  test("is asked for once however many wait", async () => {
    const { tokens, requests } = keeper();
    const waiting = Array.from({ length: 20 }, () => tokens.get(never()));
    requests[0]?.grant();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["token-1"]));
    expect(requests).toHaveLength(1);
  });

  test("is renewed from half its life on while it still serves, whether the endpoint hangs or not", async () => {
    const { tokens, requests } = await held();
    vi.advanceTimersByTime(29 * MINUTE_MS);
    await tokens.get(never());
    expect(requests).toHaveLength(1);
    vi.advanceTimersByTime(2 * MINUTE_MS);
    expect(await Promise.all([tokens.get(never()), tokens.get(never())])).toEqual(["token-1", "token-1"]);
    expect(requests).toHaveLength(2);
    requests[1]?.grant();
    await vi.advanceTimersByTimeAsync(0);
    expect(await tokens.get(never())).toBe("token-2");
  });

  test("serves on while its renewal fails, which is tried again after half a minute", async () => {
    const { tokens, requests, reports } = await held();
    vi.advanceTimersByTime(31 * MINUTE_MS);
    await tokens.get(never());
    requests[1]?.refuse(away);
    await vi.advanceTimersByTimeAsync(0);
    expect(reports).toEqual([null, away]);
    vi.advanceTimersByTime(29_000);
    expect(await tokens.get(never())).toBe("token-1");
    expect(requests).toHaveLength(2);
    vi.advanceTimersByTime(2_000);
    expect(await tokens.get(never())).toBe("token-1");
    expect(requests).toHaveLength(3);
  });

  test("is not used in its last five minutes: then callers wait, and learn why there is none", async () => {
    const { tokens, requests } = await held();
    vi.advanceTimersByTime(55 * MINUTE_MS);
    const work = failureOf(tokens.get(never()));
    requests[1]?.refuse(away);
    expect(await work).toBe(away);
  });

  test("that lives for seconds is used nevertheless", async () => {
    const { tokens, requests } = await held(8_000);
    vi.advanceTimersByTime(3_000);
    expect(await tokens.get(never())).toBe("token-1");
    expect(requests).toHaveLength(1);
  });

  test("that was refused is replaced once for all", async () => {
    const { tokens, requests } = await held();
    const waiting = Array.from({ length: 20 }, () => tokens.refresh("token-1", never(), '{"a":1}'));
    requests[1]?.grant();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["token-2"]));
    expect(await tokens.refresh("token-1", never())).toBe("token-2");
    expect(requests.map(({ claims }) => claims)).toEqual([undefined, '{"a":1}']);
  });

  test("is asked for anew after a failure", async () => {
    const { tokens, requests } = keeper();
    const first = failureOf(tokens.get(never()));
    requests[0]?.refuse(away);
    await first;
    const second = tokens.get(never());
    requests[1]?.grant();
    expect(await second).toBe("token-2");
  });

  test("keeps nobody waiting who was stopped, and still comes for the others", async () => {
    const { tokens, requests } = keeper();
    const stop = new AbortController();
    const reason = new Failure("cancelled", "taken back");
    const stopped = failureOf(tokens.get(stop.signal));
    const patient = tokens.get(never());
    stop.abort(reason);
    expect(await stopped).toBe(reason);
    requests[0]?.grant();
    expect(await patient).toBe("token-1");
  });
});
