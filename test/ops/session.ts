/** Users of the board as tests know them, and how a test logs in as a browser does. */
import { scryptSync } from "node:crypto";
import { expect } from "vitest";
import { type Answer, ask } from "./http.ts";

export const PASSWORD = "correct horse";

/** As cheap as is allowed: a test is no vault. */
export function cheapHash(password: string): string {
  const salt = Buffer.from("0123456789abcdef");
  const hash = scryptSync(password, salt, 32, { N: 16_384, r: 8, p: 1 });
  return ["scrypt", 16_384, 8, 1, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

const HASH = cheapHash(PASSWORD);
export const OPS_USERS = `ada:operator:${HASH},grace:viewer:${HASH}`;
export const OPS_SESSION_SECRET = "a secret of ops for tests, long enough";

export function postLogin(
  url: string,
  username: string,
  password = PASSWORD,
  headers: Record<string, string> = { origin: url },
): Promise<Answer> {
  const body = new URLSearchParams({ username, password }).toString();
  return ask(`${url}/login`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body,
  });
}

export interface Browser {
  /** To read. */
  cookie: { cookie: string };
  /** To write, as the board's own pages do. */
  write: { cookie: string; origin: string; "x-xsrf-token": string };
}

export async function login(url: string, username: string): Promise<Browser> {
  const answer = await postLogin(url, username);
  expect(answer).toMatchObject({ status: 303, headers: { location: "/" } });
  const cookies = [answer.headers["set-cookie"] ?? []].flat().map((line) => line.split(";")[0] ?? "");
  const cookie = cookies.join("; ");
  const token = /XSRF-TOKEN=([^;]+)/.exec(cookie)?.[1] ?? "";
  return { cookie: { cookie }, write: { cookie, origin: url, "x-xsrf-token": token } };
}
