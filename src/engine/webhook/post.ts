/** One delivery to the webhook, and how long the receiver wants to be left alone after it. */
import { readRetryAfterMs } from "../../defender/graph-error.ts";
import type { Agents } from "../../egress/agents.ts";
import { send } from "../../egress/request.ts";

export interface Answer {
  status: number;
  /** How long the receiver wants to be left alone; at most an hour. */
  retryAfterMs: number | undefined;
}

/** Rejects when no answer comes in time. What it rejects with may name the URL, which is a secret: tell only its code. */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  agents: Agents,
  stopped: AbortSignal,
): Promise<Answer> {
  const answer = await send({ url, headers, body }, agents, stopped);
  return { status: answer.status, retryAfterMs: readRetryAfterMs({ headers: answer.headers }, "") };
}
