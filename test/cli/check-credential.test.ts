/** How `check` says when a credential ends. */
import { expect, test } from "vitest";
import { credentialOf } from "../../workers/check-credential.ts";
import { instanceAt } from "../defender/scripted-connection.ts";

const END_MS = Date.UTC(2027, 2, 31);
const DAY_MS = 86_400_000;
const instance = { ...instanceAt("http://127.0.0.1:1"), secretExpiresAtMs: END_MS };

test("its day is told, and what to do once it is near", async () => {
  const told = { check: "credential", instance: "default", ok: true, message: "ends on 2027-03-31" };
  expect(await credentialOf(instance, END_MS - 31 * DAY_MS)).toEqual(told);
  expect(await credentialOf(instance, END_MS - 29 * DAY_MS)).toEqual({ ...told, hint: "Replace it before." });
});

test("nothing is told of one whose end nobody knows", async () => {
  expect(await credentialOf(instanceAt("http://127.0.0.1:1"), END_MS)).toBeNull();
});
