/** A storm of refusals costs one probe a pause and no attempt, and ends with every job done. */
import { it } from "vitest";
import { weather } from "./storm.ts";

it("a storm of 429s that lasts for seconds ends with every job done", {
  timeout: 180_000,
}, async (context) => {
  await weather(context, 15_000);
});
