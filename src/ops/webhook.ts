/** Sends alerts to whoever wants to hear of them: as plain JSON, to Slack, or as an Adaptive Card to a Workflow of Teams. */
import type { Agents } from "../egress/agents.ts";
import { send } from "../egress/request.ts";
import type { WebhookFormat } from "../settings/webhook-format.ts";
import type { Alert } from "./alert.ts";

export interface Notice extends Alert {
  state: "firing" | "recovered";
}

/** `prefix` tells one installation from another whose alerts come to the same place. */
export function bodyFor(
  format: WebhookFormat,
  { key, severity, state, text }: Notice,
  prefix: string,
): object {
  const title = state === "recovered" ? "Recovered" : severity === "critical" ? "Critical" : "Warning";
  const line = `Defender actions (${prefix}): ${text}`;
  if (format === "json") return { source: "defender-actions", prefix, key, severity, state, text };
  if (format === "slack") return { text: `*${title}* ${line}` };
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: [
      {
        type: "TextBlock",
        text: title,
        weight: "Bolder",
        color: state === "recovered" ? "Good" : severity === "critical" ? "Attention" : "Warning",
      },
      { type: "TextBlock", text: line, wrap: true },
    ],
  };
  const contentType = "application/vnd.microsoft.card.adaptive";
  return { type: "message", attachments: [{ contentType, contentUrl: null, content }] };
}

/** Rejects unless the other side accepts. The URL is a secret and is in no message. */
export async function post(url: string, body: object | null, agents: Agents): Promise<void> {
  const request =
    body === null
      ? ({ url, method: "GET" } as const)
      : { url, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await send(request, agents).catch(() => null);
  if (answer === null) throw new Error("the webhook does not answer");
  if (answer.status < 200 || answer.status > 299) throw new Error(`the webhook answers ${answer.status}`);
}
