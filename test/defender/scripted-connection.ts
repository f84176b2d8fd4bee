/** A connection to a scripted server, through gates that let everything pass. */
// Loaded ahead of the first call, so that a short deadline measures the exchange alone.
import "axios";
import { onTestFinished } from "vitest";
import type { Credential, Egress, InstanceConfig } from "../../src/config.ts";
import { Failure } from "../../src/contract/failure.ts";
import type { Lane } from "../../src/contract/job.ts";
import type { CallContext } from "../../src/contract/ports.ts";
import { type ConnectionOptions, createConnection } from "../../src/defender/connection.ts";
import type { Gate, Passage } from "../../src/defender/gate.ts";
import type { GateLimit } from "../../src/defender/gate-limit.ts";
import { LIMITS, type Limits } from "../../src/defender/graph-call.ts";
import { startScriptedServer } from "./scripted-server.ts";

/** Lets all pass; keeps what it was told. */
export class OpenGate implements Gate {
  passages: Passage[] = [];
  pauses: (number | undefined)[] = [];
  /** When the calls were let go that were one too many for Defender. */
  tooMany: number[] = [];
  sent = 0;
  /** Thrown behind the last look. */
  stop: Failure | null = null;

  async run<T>(passage: Passage, call: (sent: () => void, admittedAtMs: number) => Promise<T>): Promise<T> {
    this.passages.push(passage);
    await passage.beforeSend();
    if (this.stop !== null) throw this.stop;
    return call(() => {
      this.sent += 1;
    }, this.passages.length);
  }

  async pause(retryAfterMs?: number, admittedAtMs?: number): Promise<number> {
    this.pauses.push(retryAfterMs);
    if (admittedAtMs !== undefined) this.tooMany.push(admittedAtMs);
    return retryAfterMs ?? 1_234;
  }

  async heldForMs(): Promise<number> {
    return 0;
  }

  async limit(): Promise<GateLimit> {
    return { share: 1, lowered: null };
  }

  async windows(): Promise<[]> {
    return [];
  }

  async close(): Promise<void> {}
}

export const DIRECT: Egress = { verifySsl: true, httpsProxy: null, noProxy: "" };
export const SECRET = "canary-secret-4f1c";

export function instanceAt(
  url: string,
  { egress = DIRECT, credential }: { egress?: Egress; credential?: Credential } = {},
): InstanceConfig {
  return {
    name: "default",
    cloud: "global",
    tenantId: "11111111-1111-1111-1111-111111111111",
    clientId: "22222222-2222-2222-2222-222222222222",
    credential: credential ?? { kind: "secret", secret: { value: SECRET } },
    loginRoot: url,
    graphRoot: url,
    lanes: ["incidents", "hunting"],
    writes: true,
    limits: { incidents: [], hunting: [] },
    bulkShare: 0.8,
    egress,
  };
}

export const QUICK: Limits = { ...LIMITS, retryDelayMs: 1 };

export function connectTo(instance: InstanceConfig, options: ConnectionOptions = {}) {
  const gates: Record<Lane, OpenGate> = { incidents: new OpenGate(), hunting: new OpenGate() };
  const connection = createConnection(instance, gates, { limits: QUICK, ...options });
  onTestFinished(() => connection.close());
  const open = (context: Partial<CallContext> = {}) =>
    connection.open({
      priority: "interactive",
      signal: new AbortController().signal,
      waitsForSlot: true,
      expiresAtMs: null,
      beforeSend: async () => {},
      ...context,
    });
  return { connection, gates, open };
}

/** A scripted server and a connection to it. */
export async function scripted(options: ConnectionOptions = {}) {
  const server = await startScriptedServer();
  return { server, ...connectTo(instanceAt(server.url), options) };
}

/** The Failure that `work` ends with; anything else that comes of it is thrown. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const outcome = await work.then(
    () => new Error("it succeeded"),
    (error: unknown) => error,
  );
  if (outcome instanceof Failure) return outcome;
  throw outcome;
}
