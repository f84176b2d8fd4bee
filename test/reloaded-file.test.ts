import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Failure } from "../src/contract/failure.ts";
import { createLog } from "../src/log.ts";
import { ReloadedFile } from "../src/reloaded-file.ts";

async function openFile(text: string | null) {
  const folder = await mkdtemp(join(tmpdir(), "defender-actions-file-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "secret");
  /** As secrets are mounted: in one step. */
  const put = async (changed: string): Promise<void> => {
    await writeFile(`${path}.new`, changed);
    await rename(`${path}.new`, path);
  };
  if (text !== null) await put(text);
  const log: string[] = [];
  const opened = ReloadedFile.open(path, {
    variable: "A_SECRET_FILE",
    log: createLog("info", { write: (line) => log.push(line) }),
    parse(given) {
      if (given.startsWith("bad")) throw new Failure("invalid_input", "A_SECRET_FILE: not good");
      return given.toUpperCase();
    },
  });
  return { opened, put, path, log };
}
const eventsIn = (log: readonly string[]): unknown[] => log.map((line) => JSON.parse(line).event);

describe("a file of settings", () => {
  it("is read again when it changes, also to a text of the same length", async () => {
    const { opened, put, log } = await openFile("one");
    const file = await opened;
    expect(await file.value()).toBe("ONE");
    expect(eventsIn(log)).toEqual([]);
    await put("two");
    expect([await file.value(), await file.value()]).toEqual(["TWO", "TWO"]);
    expect(eventsIn(log)).toEqual(["file.read"]);
  });

  it("holds as it was while it is bad or gone, which is said once", async () => {
    const { opened, put, path, log } = await openFile("one");
    const file = await opened;
    await put("bad canary");
    expect([await file.value(), await file.value()]).toEqual(["ONE", "ONE"]);
    expect(eventsIn(log)).toEqual(["file.unreadable"]);
    await rm(path);
    expect([await file.value(), await file.value()]).toEqual(["ONE", "ONE"]);
    await put("two");
    expect(await file.value()).toBe("TWO");
    expect(eventsIn(log)).toEqual(["file.unreadable", "file.unreadable", "file.read"]);
    expect(log.join("")).not.toContain("canary");
  });

  it.each([
    [null, "A_SECRET_FILE: cannot be read (ENOENT)"],
    ["bad", "A_SECRET_FILE: not good"],
  ])("must be good at the start: %s", async (text, message) => {
    const { opened } = await openFile(text);
    await expect(opened).rejects.toMatchObject({ code: "invalid_input", message });
  });
});
