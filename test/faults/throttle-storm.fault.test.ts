/** The same storm for as long as Defender has been seen to keep one up. */
import { it } from "vitest";
import { weather } from "./storm.ts";

it("a storm of 429s that lasts for ten minutes ends with every job done", {
  timeout: 900_000,
}, async (context) => {
  console.log(JSON.stringify(await weather(context, 600_000)));
});
