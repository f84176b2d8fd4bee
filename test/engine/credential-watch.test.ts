import { expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { noteRefusals } from "../../src/engine/credential-watch.ts";
import type { WorkerEvent } from "../../src/engine/observer.ts";

it("a refused credential is noted until it is granted a token, and nothing else is taken for a refusal", () => {
  const noted: string[] = [];
  const heard: WorkerEvent[] = [];
  const note = (word: string) => async (instance: string) => void noted.push(`${word} ${instance}`);
  const refusals = { note: note("refused"), clear: note("granted") };
  const observe = noteRefusals(
    refusals,
    (event) => heard.push(event),
    (error) => expect.unreachable(error.message),
  );
  const tell = (failure: Failure | null): void =>
    observe({ kind: "defender", instance: "contoso", event: { kind: "token", failure } });
  tell(new Failure("auth_failed", "AADSTS7000215"));
  tell(new Failure("defender_unavailable", "no answer"));
  tell(null);
  observe({ kind: "lost", instance: "contoso", how: "stalled" });
  expect(noted).toEqual(["refused contoso", "granted contoso"]);
  expect(heard).toHaveLength(4);
});
