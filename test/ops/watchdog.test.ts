import { expect, it } from "vitest";
import { untilDeaf } from "../../src/ops/watchdog.ts";

const OFTEN = { everyMs: 1, longestMs: 20 };

it("a worker that hears nothing for long, while Redis answers, is deaf", async () => {
  let looks = 0;
  const queues = async (): Promise<string> => {
    looks += 1;
    return "not listening";
  };
  const startedMs = performance.now();
  expect(await untilDeaf({ redis: async () => null, queues }, OFTEN)).toBe("deaf");
  expect(performance.now() - startedMs).toBeGreaterThan(20);
  expect(looks).toBeGreaterThan(1);
});

it("one is not that hears again in between, nor while Redis itself is away", async () => {
  let looks = 0;
  const later = new Promise<"hears">((resolve) => {
    const redis = async () => {
      looks += 1;
      if (looks > 100) resolve("hears");
      return looks % 2 === 0 ? null : "no answer";
    };
    void untilDeaf({ redis, queues: () => Promise.reject(new Error("broken")) }, OFTEN).then(() =>
      expect.unreachable(),
    );
  });
  let asked = 0;
  const queues = async () => {
    asked += 1;
    return asked % 2 === 0 ? null : "not listening";
  };
  const other = untilDeaf({ redis: async () => null, queues }, OFTEN);
  expect(await Promise.race([later, other])).toBe("hears");
});
