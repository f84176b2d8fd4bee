import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import type { RedisClient } from "../../src/redis-script.ts";
import { randomPrefix } from "../support/prefix.ts";
import { openRedisProxy } from "../support/redis-proxy.ts";
import { ask } from "./http.ts";
import { openOps } from "./opened.ts";
import { cheapHash, login, OPS_SESSION_SECRET, OPS_USERS, PASSWORD, postLogin } from "./session.ts";

const cookieOf = (answer: { headers: NodeJS.Dict<string | string[]> }, name: string): string =>
  [answer.headers["set-cookie"] ?? []].flat().find((line) => line.startsWith(`${name}=`)) ?? "";

describe("the login", () => {
  it("gives a signed session that scripts cannot read, and a token for writes", async () => {
    const { url } = await openOps({ OPS_USERS });
    const answer = await postLogin(url, "ada");
    expect(answer).toMatchObject({ status: 303, headers: { location: "/" } });
    const session = cookieOf(answer, "defender_ops_session");
    expect(session).toMatch(/; HttpOnly/);
    expect(session).toMatch(/; SameSite=Lax/);
    expect(session).not.toMatch(/; Secure/);
    expect(cookieOf(answer, "XSRF-TOKEN")).not.toMatch(/HttpOnly/);
  });

  it("marks its cookies as secure when the browser came over TLS", async () => {
    const { url } = await openOps({ OPS_USERS });
    const headers = { origin: "https://ops.contoso.com", host: "ops.contoso.com" };
    expect(cookieOf(await postLogin(url, "ada", PASSWORD, headers), "defender_ops_session")).toMatch(
      /; Secure/,
    );
  });

  it("leads to the page that was asked for", async () => {
    const { url } = await openOps({ OPS_USERS });
    const path = "/cases?case_id=a%20b%26c";
    const sent = await ask(`${url}${path}`);
    expect(sent).toMatchObject({ status: 303, headers: { location: "/login" } });
    const [cookie = ""] = cookieOf(sent, "defender_ops_page").split(";");
    const headers = { origin: url, cookie };
    const answer = await postLogin(url, "ada", PASSWORD, headers);
    expect(answer).toMatchObject({ status: 303, headers: { location: path } });
    expect(cookieOf(answer, "defender_ops_page")).toMatch(/^defender_ops_page=; .*Path=\/login/);
  });

  it.each([
    "//evil.example",
    "https://evil.example/cases",
    "/logout",
    "/cases\r\nx: y",
    "/cases\\evil",
    "/casesx",
  ])("leads to no page but its own: %j", async (page) => {
    const { url } = await openOps({ OPS_USERS });
    const headers = { origin: url, cookie: `defender_ops_page=${encodeURIComponent(page)}` };
    expect(await postLogin(url, "ada", PASSWORD, headers)).toMatchObject({
      status: 303,
      headers: { location: "/" },
    });
  });

  it.each([
    ["ada", "wrong horse"],
    ["nobody", PASSWORD],
    ["", ""],
  ])("refuses %s with %s, and says no more than that", async (name, password) => {
    const ops = await openOps({ OPS_USERS });
    const answer = await postLogin(ops.url, name, password);
    expect(answer.status).toBe(401);
    expect(answer.body).toContain("The name or the password is wrong.");
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(ops.log.join("")).not.toContain("horse");
    expect(ops.log.join("")).not.toContain("nobody");
  });

  it("takes no login from another page", async () => {
    const { url } = await openOps({ OPS_USERS });
    for (const headers of [{}, { origin: "https://evil.example" }, { origin: "null" }]) {
      expect(await postLogin(url, "ada", PASSWORD, { ...headers })).toMatchObject({ status: 403 });
    }
    const headers = { origin: url, "sec-fetch-site": "cross-site" };
    expect(await postLogin(url, "ada", PASSWORD, headers)).toMatchObject({ status: 403 });
  });

  it("slows down whoever guesses, on all servers, and the right password too until the wait is over", async () => {
    const prefix = randomPrefix();
    const [first, second] = await Promise.all([
      openOps({ OPS_USERS }, prefix),
      openOps({ OPS_USERS }, prefix),
    ]);
    const statuses: number[] = [];
    for (let tries = 0; tries < 6; tries++)
      statuses.push((await postLogin(tries % 2 === 0 ? first.url : second.url, "ada", "guess")).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    const refused = await postLogin(second.url, "ada");
    expect(refused).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(await postLogin(first.url, "grace")).toMatchObject({ status: 303 });
  });

  it("waits longer with every further guess, and forgets them once the right password came", async () => {
    const { url, redis, prefix } = await openOps({ OPS_USERS });
    const [, key = ""] = await guessesOf(redis, prefix, () => postLogin(url, "ada", "guess"));
    await redis.hset(key, { tries: 20, next: 0 });
    await postLogin(url, "ada", "guess");
    expect(await postLogin(url, "ada")).toMatchObject({ status: 429, headers: { "retry-after": "60" } });
    await redis.hset(key, { next: 0 });
    expect(await postLogin(url, "ada")).toMatchObject({ status: 303 });
    expect(await redis.exists(key)).toBe(0);
  });
});

it("tells who guesses behind a proxy that is trusted, and believes no other", async () => {
  const addressesOf = async (environment: Record<string, string>) => {
    const { url, redis, prefix } = await openOps({ OPS_USERS, ...environment });
    for (const address of ["192.0.2.1", "192.0.2.2"])
      await postLogin(url, "ada", "guess", { origin: url, "x-forwarded-for": `10.9.9.9, ${address}` });
    return (await redis.keys(`${prefix}:ops:tries:address:*`)).length;
  };
  expect(await addressesOf({ OPS_TRUSTED_PROXIES: "10.0.0.5,127.0.0.0/8" })).toBe(2);
  expect(await addressesOf({ OPS_TRUSTED_PROXIES: "10.0.0.0/8" })).toBe(1);
  expect(await addressesOf({})).toBe(1);
});

/** The keys that one wrong guess leaves: of its address, and of its name. */
async function guessesOf(redis: RedisClient, prefix: string, guess: () => Promise<unknown>) {
  await guess();
  const keys = await redis.keys(`${prefix}:ops:tries:*`);
  return keys.sort();
}

describe("users and secret in files", () => {
  async function openFiles() {
    const folder = await mkdtemp(join(tmpdir(), "defender-actions-ops-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [usersFile, secretFile] = [join(folder, "users"), join(folder, "secret")];
    await writeFile(usersFile, OPS_USERS.replaceAll(",", "\n"));
    await writeFile(secretFile, `${OPS_SESSION_SECRET}\n`);
    const environment = { OPS_USERS_FILE: usersFile, OPS_SESSION_SECRET_FILE: secretFile };
    return { usersFile, secretFile, environment };
  }

  it("hold as they are now: a new role at once, and no session of a user or a secret that is gone", async () => {
    const { usersFile, secretFile, environment } = await openFiles();
    const { url } = await openOps(environment);
    const [ada, grace] = await Promise.all([login(url, "ada"), login(url, "grace")]);
    const pause = (write: Record<string, string>) =>
      ask(`${url}/queues/api/queues/pause`, { method: "PUT", headers: write });
    expect(await pause(grace.write)).toMatchObject({ status: 403 });
    await writeFile(usersFile, `grace:operator:${OPS_USERS.split(":").at(-1)}`);
    expect(await pause(grace.write)).toMatchObject({ status: 200 });
    expect(await pause(ada.write)).toMatchObject({ status: 401 });
    expect(await postLogin(url, "ada")).toMatchObject({ status: 401 });
    await writeFile(secretFile, `another ${OPS_SESSION_SECRET}`);
    expect(await pause(grace.write)).toMatchObject({ status: 401 });
    expect((await login(url, "grace")).cookie.cookie).not.toBe(grace.cookie.cookie);
  });

  it("make ops refuse to start without a user", async () => {
    const { usersFile, environment } = await openFiles();
    await writeFile(usersFile, "\n");
    await expect(openOps(environment)).rejects.toMatchObject({
      code: "invalid_input",
      message: "OPS_USERS_FILE: given no user; allowed: at least one",
    });
  });
});

describe("a session", () => {
  it("is known to every server with the same secret, and to none with another", async () => {
    const prefix = randomPrefix();
    const environment = { OPS_USERS, OPS_SESSION_SECRET };
    const first = await openOps(environment, prefix);
    const second = await openOps(environment, prefix);
    const third = await openOps({ OPS_USERS }, prefix);
    const { cookie } = await login(first.url, "ada");
    expect(await ask(`${second.url}/queues/api/queues`, { headers: cookie })).toMatchObject({ status: 200 });
    expect(await ask(`${third.url}/queues/api/queues`, { headers: cookie })).toMatchObject({ status: 401 });
  });

  it("is over on all servers once its user has logged out", async () => {
    const prefix = randomPrefix();
    const environment = { OPS_USERS, OPS_SESSION_SECRET };
    const first = await openOps(environment, prefix);
    const second = await openOps(environment, prefix);
    const { cookie, write } = await login(first.url, "grace");
    const out = await ask(`${first.url}/logout`, { method: "POST", headers: write });
    expect(out).toMatchObject({ status: 303, headers: { location: "/login" } });
    expect(await ask(`${second.url}/queues`, { headers: cookie })).toMatchObject({ status: 303 });
  });

  it("ends with the password or the account that it was made for", async () => {
    const prefix = randomPrefix();
    const { cookie } = await login((await openOps({ OPS_USERS, OPS_SESSION_SECRET }, prefix)).url, "ada");
    for (const changed of [
      `ada:operator:${cheapHash("another horse")}`,
      `eve:operator:${cheapHash(PASSWORD)}`,
    ]) {
      const { url } = await openOps({ OPS_USERS: changed, OPS_SESSION_SECRET }, prefix);
      expect(await ask(`${url}/queues`, { headers: cookie })).toMatchObject({ status: 303 });
    }
  });

  it("cannot be made up or altered", async () => {
    const { url } = await openOps({ OPS_USERS, OPS_SESSION_SECRET });
    const { cookie } = await login(url, "grace");
    const [payload = "", signature = ""] = (/session=([^;]+)/.exec(cookie.cookie)?.[1] ?? "").split(".");
    const fields = JSON.parse(Buffer.from(payload, "base64url").toString());
    const altered = Buffer.from(JSON.stringify({ ...fields, name: "ada" })).toString("base64url");
    for (const text of [
      `${altered}.${signature}`,
      `${payload}.`,
      payload,
      `${payload}.${signature}.x`,
      "",
      "x.y",
    ]) {
      const headers = { cookie: `defender_ops_session=${text}` };
      expect(await ask(`${url}/queues/api/queues`, { headers })).toMatchObject({ status: 401 });
    }
  });
});

it("ops says when Redis is away, on its pages and to its board", async () => {
  const proxy = await openRedisProxy(inject("redisUrl"));
  onTestFinished(proxy.close);
  const { url } = await openOps({ OPS_USERS, REDIS_URL: proxy.url });
  const { cookie, write } = await login(url, "ada");
  proxy.refuse();
  const asked = { headers: { ...cookie, accept: "text/html" } };
  for (const path of ["/queues", "/cases?case_id=4711"]) {
    const { status, body } = await ask(`${url}${path}`, asked);
    expect([path, status]).toEqual([path, 503]);
    expect(body).toContain("Redis does not answer");
  }
  const paused = await ask(`${url}/queues/api/queues/pause`, { method: "PUT", headers: write });
  expect(paused).toMatchObject({ status: 503 });
  expect(JSON.parse(paused.body)).toEqual({ error: expect.stringContaining("Redis does not answer") });
});

it("ops with users may listen beyond this machine, and then answers to any name", async () => {
  const { url } = await openOps({ OPS_USERS, OPS_HOST: "0.0.0.0" });
  const { port } = new URL(url);
  const headers = { host: "ops.contoso.com" };
  expect(await ask(`http://127.0.0.1:${port}/login`, { headers })).toMatchObject({ status: 200 });
  expect(await ask(`http://127.0.0.1:${port}/queues`, { headers })).toMatchObject({ status: 303 });
});
