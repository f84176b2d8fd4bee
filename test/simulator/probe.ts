/** What the simulator's own tests call it with: a signed-in caller, and the control routes. */
import type { App } from "./token.ts";

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** As loose as JSON.parse leaves it: tests look into answers of every shape. */
  json: ReturnType<typeof JSON.parse>;
}

export async function send(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

export function requestToken(
  simulator: App & { url: string },
  change: Record<string, string> = {},
  tenant = simulator.tenant,
) {
  const form = new URLSearchParams({
    client_id: simulator.clientId,
    client_secret: simulator.clientSecret,
    grant_type: "client_credentials",
    scope: `${simulator.url}/.default`,
    ...change,
  });
  for (const [name, value] of [...form]) if (value === "") form.delete(name);
  return send(`${simulator.url}/${tenant}/oauth2/v2.0/token`, { method: "POST", body: form });
}

/** Calls Graph's routes with a token of its own. */
export async function signIn(simulator: App & { url: string }) {
  const { json } = await requestToken(simulator);
  const authorization = `Bearer ${json.access_token}`;
  const graph = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    send(`${simulator.url}/v1.0/security/${path}`, {
      method,
      headers: { authorization, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  return {
    graph,
    hunt: (query: string, more: Record<string, string> = {}) =>
      graph("POST", "runHuntingQuery", { Query: query, ...more }),
  };
}

/** Calls a control route. */
export function control(
  simulator: { url: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  return send(`${simulator.url}/_sim/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
