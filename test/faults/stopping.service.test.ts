/** SIGTERM loses and repeats nothing. */
import { it } from "vitest";
import { stopInFlight } from "./stopping.ts";

it("a worker that is stopped with calls in flight ends in time with 0, and another one does what it could not finish, at no attempt", {
  timeout: 120_000,
}, async (context) => {
  await stopInFlight(context, 2);
});
