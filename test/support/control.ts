/** The control routes of a simulator, for tests. */
import { z } from "zod";

const arrival = z.looseObject({
  timeMs: z.number(),
  lane: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.unknown(),
});
const effect = z.looseObject({
  timeMs: z.number(),
  kind: z.string(),
  incidentId: z.string(),
  what: z.unknown(),
});
const effectCounts = z.record(z.enum(["patch", "comment"]), z.record(z.string(), z.number()));
const ledger = z.object({ arrivals: z.array(arrival), effects: z.array(effect) });
export type Ledger = z.infer<typeof ledger>;

export class SimulatorControl {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async ledger(): Promise<Ledger> {
    return ledger.parse(await this.#call("GET", "/ledger"));
  }

  async addFault(fault: object): Promise<void> {
    await this.#call("POST", "/faults", fault);
  }

  async clearFaults(): Promise<void> {
    await this.#call("DELETE", "/faults");
  }

  /** One more tenant, or one more app of a tenant. */
  async addApp(app: { tenant: string; clientId: string; clientSecret: string }): Promise<void> {
    await this.#call("POST", "/apps", app);
  }

  /** Every token issued so far is refused from now on. */
  async revokeTokens(): Promise<void> {
    await this.#call("DELETE", "/tokens");
  }

  async change(settings: object): Promise<void> {
    await this.#call("PUT", "/settings", settings);
  }

  /** How often each incident was patched, and commented on. */
  async countEffects(): Promise<z.infer<typeof effectCounts>> {
    return effectCounts.parse(await this.#call("GET", "/effects/counts"));
  }

  /** The true state of all of them. */
  async incidents(): Promise<Record<string, unknown>[]> {
    return z.array(z.record(z.string(), z.unknown())).parse(await this.#call("GET", "/incidents"));
  }

  /** An edit by somebody else. */
  async editIncident(id: string, change: object): Promise<void> {
    await this.#call("PUT", `/incidents/${id}`, change);
  }

  /** Seeds anew; ledger and faults are emptied. */
  async reset(incidents: number): Promise<void> {
    await this.#call("POST", "/reset", { incidents });
  }

  async incident(id: string): Promise<Record<string, unknown>> {
    return z.record(z.string(), z.unknown()).parse(await this.#call("GET", `/incidents/${id}`));
  }

  /** Resolves once `count` effects such as `comment 29` are in the ledger. */
  async effect(match: string, count = 1, timeoutMs = 30_000): Promise<void> {
    const query = `match=${encodeURIComponent(match)}&count=${count}&timeoutMs=${timeoutMs}`;
    await this.#call("GET", `/effects/wait?${query}`);
  }

  /** Resolves once `count` requests such as `GET .*incidents/29` have arrived. */
  async arrivals(match: string, count = 1): Promise<void> {
    await this.#call("GET", `/arrivals/wait?match=${encodeURIComponent(match)}&count=${count}`);
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const init =
      body === undefined
        ? { method }
        : { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const answer = await fetch(`${this.#url}/_sim${path}`, init);
    if (!answer.ok)
      throw new Error(`simulator: ${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.status === 204 ? undefined : await answer.json();
  }
}
