import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { confirm } from "../../../producers/commands/confirm.ts";

function ask(answer: string): Promise<boolean> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  input.end(answer);
  return confirm("Ask for 2 again?", { input, output });
}

it.each(["y\n", "yes\n", " Y \n"])("%j is a yes", async (answer) => {
  expect(await ask(answer)).toBe(true);
});

it.each(["n\n", "\n", "yesterday\n", "", "\u0003"])("%j is no yes", async (answer) => {
  expect(await ask(answer)).toBe(false);
});
