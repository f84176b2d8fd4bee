/** A Redis that syncs every write loses nothing that it acknowledged when it is killed under load. */
import { it } from "vitest";
import { surviveKills } from "./kills.ts";

it("loses no acknowledged job and does each once when Redis is killed under load (appendfsync always)", {
  timeout: 120_000,
}, async (context) => {
  await surviveKills(context, 1);
});
