/** Answers of Graph and of gateways, without a network. */
import type { CallKind, Target } from "../../src/defender/graph-call.ts";
import type { Answered } from "../../src/defender/transport.ts";

export const KINDS: readonly CallKind[] = ["read", "hunting", "patch", "comment"];
export const GUID = "6f1c2f0e-0000-4000-8000-000000000001";

export function answered(status: number, body: unknown, headers: Record<string, string> = {}): Answered {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    outcome: "answered",
    status,
    headers: { "request-id": GUID, ...headers },
    chunks: [Buffer.from(text)],
  };
}

export function graphError(code: string, message: string): unknown {
  return { error: { code, message, innerError: { date: "2026-02-26T09:31:49", "request-id": GUID } } };
}

export const html = (title: string) => `<html><head><title>${title}</title></head></html>`;

export function target(kind: CallKind): Target {
  return kind === "hunting" ? { kind } : { kind, incidentId: "29" };
}
