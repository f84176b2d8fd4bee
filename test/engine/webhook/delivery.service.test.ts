/** How final results get to the webhook: in order by case, each until it is taken or given up. */
import { expect, it } from "vitest";
import { deliverySchema, publishWebhook } from "../../../src/queue/deliveries.ts";
import { caseKeys } from "../../../src/results/keys.ts";
import { Outbox } from "../../../src/results/outbox.ts";
import { completed, failedAs } from "../../results/opened-store.ts";
import { openReceiver } from "../../support/webhook-receiver.ts";
import { openSender } from "./opened-sender.ts";

const ids = (messages: readonly { notice: { job_id: string } }[]) =>
  messages.map(({ notice }) => notice.job_id);
const job = (jobId: string, caseId = "4711") => ({ caseId, jobId });

it("a message says in short what the result says", async () => {
  const { url, first } = await openReceiver();
  const sender = await openSender({ url });
  await sender.run();
  await sender.finish(job("j1", "case/ü {1}"), completed({ secret_row: "never sent" }));
  await sender.deliveries.tell("case/ü {1}");
  const [message] = await first(1);
  expect(message?.notice).toEqual({
    v: 1,
    case_id: "case/ü {1}",
    job_id: "j1",
    generation: 1,
    action: "update_incident",
    instance: "default",
    status: "completed",
    is_success: true,
    output_message: "ok",
    error: null,
    reason: null,
    incident: null,
    row_count: null,
    requested_by: "ada",
    finished_at: expect.any(String),
    cursor: expect.stringMatching(/^\d{16}$/),
    path: "/v1/cases/case%2F%C3%BC%20%7B1%7D/jobs/j1",
  });
  expect(message?.body).not.toContain("never sent");
});

it("a message whose text is long is cut, and stays well-formed", async () => {
  const { url, first } = await openReceiver();
  const sender = await openSender({ url });
  await sender.run();
  const { findings } = completed();
  await sender.finish(
    job("j1"),
    completed(null, { findings: { ...findings, output_message: "😀".repeat(900) } }),
  );
  await sender.deliveries.tell("4711");
  const [message] = await first(1);
  const text = message?.notice.output_message ?? "";
  expect([text.length, text.isWellFormed(), text.endsWith("…")]).toEqual([1_000, true, true]);
});

it("results of a case come in the order of their ends, though one of them is refused at first, and hold no other case back", async () => {
  let refused = 0;
  const { url, received, first } = await openReceiver(({ notice }) => {
    if (notice.job_id !== "j1" || refused === 3) return { status: 200 };
    refused += 1;
    return { status: 500 };
  });
  const sender = await openSender({ url });
  for (const jobId of ["j1", "j2", "j3"]) await sender.finish(job(jobId));
  await sender.finish(job("k1", "4712"));
  await sender.deliveries.tell("4711");
  await sender.deliveries.tell("4712");
  await sender.run();
  await first(7);
  const inCase = received.filter(({ notice }) => notice.case_id === "4711");
  expect(ids(inCase)).toEqual(["j1", "j1", "j1", "j1", "j2", "j3"]);
  expect(ids(received).indexOf("k1")).toBeLessThan(4);
  expect(new Set(inCase.map(({ headers }) => headers["webhook-id"])).size).toBe(3);
});

it("after a receiver that was away is back, all of it comes, and nothing twice", async () => {
  const { url, close } = await openReceiver();
  close();
  const sender = await openSender({ url }, { attempts: 1_000 });
  for (const jobId of ["j1", "j2"]) await sender.finish(job(jobId));
  await sender.deliveries.tell("4711");
  await sender.run();
  await expect.poll(() => sender.log.join("")).toContain("the webhook did not answer (ECONNREFUSED)");
  const { received } = await openReceiver(undefined, Number(new URL(url).port));
  await expect.poll(() => sender.outcomes().filter((outcome) => outcome === "taken")).toHaveLength(2);
  expect(ids(received)).toEqual(["j1", "j2"]);
});

it.each([
  ["410", 410, 1],
  ["500 again and again", 500, 5],
  ["a redirect", 302, 5],
])(
  "a result that is answered %s is given up, and the next one of its case goes on",
  async (_, status, tries) => {
    const { url, received, first } = await openReceiver(({ notice }) =>
      notice.job_id === "j1" ? { status, headers: { location: "/elsewhere" } } : { status: 204 },
    );
    const sender = await openSender({ url });
    await sender.finish(job("j1"), failedAs("conflict"));
    await sender.finish(job("j2"));
    await sender.deliveries.tell("4711");
    await sender.run();
    await first(tries + 1);
    expect(ids(received)).toEqual([...Array.from({ length: tries }, () => "j1"), "j2"]);
    expect(new Set(received.map(({ path }) => path))).toEqual(new Set(["/results"]));
    await expect.poll(() => sender.queue.getFailedCount()).toBe(1);
    const [dead] = await sender.queue.getFailed();
    expect(dead?.failedReason).toBe(`the webhook answered ${status}`);
    await expect
      .poll(() =>
        sender
          .outcomes()
          .filter((outcome) => outcome !== "refused")
          .sort(),
      )
      .toEqual(["given_up", "taken"]);
  },
);

it("a result that was given up is sent once more when a person retries it, under the same id", async () => {
  let status = 410;
  const { url, received, first } = await openReceiver(() => ({ status }));
  const sender = await openSender({ url });
  await sender.finish(job("j1"));
  await sender.deliveries.tell("4711");
  await sender.run();
  await expect.poll(() => sender.queue.getFailedCount()).toBe(1);
  status = 200;
  await (await sender.queue.getFailed())[0]?.retry();
  await first(2);
  expect(received[1]?.headers["webhook-id"]).toBe(received[0]?.headers["webhook-id"]);
  expect(received[1]?.body).toBe(received[0]?.body);
  await expect.poll(() => sender.queue.getJobCountByTypes("failed", "active")).toBe(0);
});

it("a receiver that asks for rest gets it, by whatever case", async () => {
  const { url, received, first } = await openReceiver((_, index) =>
    index === 0 ? { status: 429, headers: { "retry-after": "1" } } : { status: 204 },
  );
  const sender = await openSender({ url });
  await sender.finish(job("j1"));
  await sender.deliveries.tell("4711");
  await sender.run();
  await first(1);
  const refusedAtMs = performance.now();
  await expect.poll(() => sender.queue.getRateLimitTtl()).toBeGreaterThan(0);
  await sender.finish(job("k1", "4712"));
  await sender.deliveries.tell("4712");
  await first(3);
  expect(performance.now() - refusedAtMs).toBeGreaterThan(900);
  expect(ids(received).sort()).toEqual(["j1", "j1", "k1"]);
});

it("an answer that does not end is not waited for once it is too long", async () => {
  const { url, first } = await openReceiver(() => ({ status: 200, body: "x".repeat(10_000_000) }));
  const sender = await openSender({ url });
  await sender.finish(job("j1"));
  await sender.deliveries.tell("4711");
  await sender.run();
  await first(1);
  await expect.poll(() => sender.outcomes()).toEqual(["taken"]);
});

it("what was told, by a worker that died before the queue knew, is not sent again", async () => {
  const { url, received } = await openReceiver();
  const sender = await openSender({ url });
  for (const jobId of ["j1", "j2"]) await sender.finish(job(jobId));
  await sender.deliveries.tell("4711");
  const [waiting] = await sender.queue.getWaiting();
  const { job_id: jobId, cursor } = deliverySchema.parse(waiting?.data);
  await new Outbox(sender.redis, sender.prefix).drop("4711", cursor);
  await sender.run();
  await expect.poll(() => sender.outcomes()).toEqual(["taken"]);
  expect([jobId, ...ids(received)]).toEqual(["j1", "j2"]);
});

it("what was told leaves nothing behind in Redis", async () => {
  const { url } = await openReceiver();
  const sender = await openSender({ url });
  await sender.finish(job("j1"));
  expect(await sender.redis.exists(caseKeys(sender.prefix, "4711").outbox)).toBe(1);
  await sender.deliveries.tell("4711");
  await sender.run();
  await expect.poll(() => sender.outcomes()).toEqual(["taken"]);
  expect(await sender.redis.exists(caseKeys(sender.prefix, "4711").outbox)).toBe(0);
  await expect.poll(() => sender.queue.getJobCountByTypes("completed", "active", "waiting")).toBe(0);
});

it("a case that somebody was about to write to is looked at later, though he died", async () => {
  const { url, first } = await openReceiver();
  const sender = await openSender({ url });
  await sender.deliveries.tellLater("4711");
  expect(await sender.queue.getDelayedCount()).toBe(0);
  await publishWebhook(sender.redis, sender.prefix, true);
  await sender.deliveries.tellLater("4711");
  await sender.finish(job("j1"));
  const [look] = await sender.queue.getDelayed();
  await look?.promote();
  await sender.run();
  expect(ids(await first(1))).toEqual(["j1"]);
});
