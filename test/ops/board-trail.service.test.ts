import { expect, it } from "vitest";
import { auditEntries } from "../audit/entries.ts";
import { fillQueue, INCIDENTS } from "./bull-board.ts";
import { ask } from "./http.ts";
import { openOps } from "./opened.ts";
import { login, OPS_USERS, postLogin } from "./session.ts";

it("the board takes down under the user's name what was done on it, what was refused, and who logged in", async () => {
  const ops = await openOps({ OPS_USERS });
  const { waiting } = await fillQueue(ops);
  await postLogin(ops.url, "ada", "wrong horse");
  await postLogin(ops.url, "a-password-in-the-wrong-field");
  const ada = await login(ops.url, "ada");
  const grace = await login(ops.url, "grace");
  const clean = `/queues/api/queues/${INCIDENTS}/${waiting}/clean`;
  const write = (path: string, method: string, headers: Record<string, string>) =>
    ask(`${ops.url}${path}`, { method, headers });
  expect(await write(clean, "PUT", grace.write)).toMatchObject({ status: 403 });
  expect(await write(clean, "PUT", ada.write)).toMatchObject({ status: 204 });
  expect(await write(`/queues/api/queues/${INCIDENTS}/pause`, "PUT", ada.write)).toMatchObject({
    status: 200,
  });
  await ask(`${ops.url}/queues/api/queues`, { headers: ada.cookie });

  await expect
    .poll(async () => (await auditEntries(ops.prefix)).filter(({ via }) => via === "board"))
    .toMatchObject([
      { verb: "login", caller: "ada", outcome: "refused", address: "127.0.0.1" },
      { verb: "login", caller: null, outcome: "refused" },
      { verb: "login", caller: "ada", outcome: "accepted" },
      { verb: "login", caller: "grace", outcome: "accepted" },
      { verb: "remove", caller: "grace", outcome: "refused", status: 403, queue_job_id: waiting },
      { verb: "remove", caller: "ada", outcome: "accepted", case_id: "4711", action: "update_incident" },
      { verb: "pause", caller: "ada", outcome: "accepted", queue: INCIDENTS },
    ]);
  const text = JSON.stringify(await auditEntries(ops.prefix));
  expect(text).not.toContain("wrong horse");
  expect(text).not.toContain("wrong-field");
});
