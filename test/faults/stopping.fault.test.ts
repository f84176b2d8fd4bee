/** SIGTERM loses and repeats nothing, twenty times. */
import { it } from "vitest";
import { stopInFlight } from "./stopping.ts";

it("twenty workers that are stopped with calls in flight lose and repeat nothing", async (context) => {
  await stopInFlight(context, 20);
});
