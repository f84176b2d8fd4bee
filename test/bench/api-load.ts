/** Requests of mixed use at an even rate, whether or not the ones before were answered. */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

export interface LoadFigures {
  /** Milliseconds of every request that accepts a job and does not wait for it. */
  acceptMs: number[];
  /** Of all others, without those that wait for a result. */
  readMs: number[];
  requests: number;
  /** Answers other than expected, by what they were. */
  errors: Map<string, number>;
  /** Accepted jobs by case. */
  accepted: Map<string, number>;
}

export interface LoadOptions {
  url: string;
  cases: readonly string[];
  incidents: number;
  perSecond: number;
}

const TICK_MS = 5;
const acceptedSchema = z.object({ case_id: z.string(), job_id: z.string() });

/** In this order, around and around: a quarter of the requests ask for actions. */
const MIX = [
  "accept",
  "job",
  "results",
  "job",
  "accept",
  "rows",
  "job",
  "results",
  "accept",
  "job",
  "catalog",
  "results",
  "query",
  "job",
  "cancel",
  "job",
  "accept",
  "rows",
  "job",
  "catalog",
] as const;
type Kind = (typeof MIX)[number];

export class ApiLoad {
  readonly figures: LoadFigures = {
    acceptMs: [],
    readMs: [],
    requests: 0,
    errors: new Map(),
    accepted: new Map(),
  };
  readonly #options: LoadOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #underWay = new Set<Promise<void>>();
  #lastJob = "";
  #lastQuery = "";

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Resolves when the time is up and all is answered. */
  async run(forMs: number): Promise<void> {
    const { perSecond } = this.#options;
    const startMs = performance.now();
    for (let sent = 0; ; ) {
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs >= forMs) break;
      for (; sent < (elapsedMs * perSecond) / 1_000; sent += 1) this.#send(sent);
      await sleep(TICK_MS);
    }
    await Promise.all(this.#underWay);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(number: number): void {
    const asked = this.#ask(MIX[number % MIX.length] ?? "job", number).catch((error: unknown) =>
      this.#blame(String(error)),
    );
    this.#underWay.add(asked);
    void asked.then(() => this.#underWay.delete(asked));
  }

  async #ask(kind: Kind, number: number): Promise<void> {
    const { cases, incidents } = this.#options;
    const caseId = cases[number % cases.length] ?? "";
    const input = { case_id: caseId };
    switch (kind) {
      case "accept": {
        const update = { ...input, incident_id: 1 + (number % incidents), add_tags: `t${number % 7}` };
        const isPing = number % 3 === 0;
        return await this.#accept(isPing ? "ping" : "update_incident", isPing ? input : update);
      }
      case "query": {
        const query = { ...input, table_names: "DeviceInfo", time_frame: "Last Hour" };
        this.#lastQuery = await this.#accepted(
          await this.#exchange("POST", "/v1/actions/execute_query?wait=20", query, [200]),
        );
        return;
      }
      case "job":
        return await this.#read("GET", this.#lastJob);
      case "cancel":
        return await this.#read("DELETE", this.#lastJob);
      case "results":
        return await this.#read("GET", `/v1/cases/${caseId}/results`);
      case "rows":
        return await this.#read("GET", this.#lastQuery === "" ? "" : `${this.#lastQuery}/rows?limit=100`);
      case "catalog":
        return await this.#read("GET", "/v1/actions");
    }
  }

  async #accept(action: string, input: object): Promise<void> {
    const startMs = performance.now();
    const text = await this.#exchange("POST", `/v1/actions/${action}`, input, [202]);
    this.figures.acceptMs.push(performance.now() - startMs);
    this.#lastJob = await this.#accepted(text);
  }

  async #accepted(text: string): Promise<string> {
    const { case_id: caseId, job_id: jobId } = acceptedSchema.parse(JSON.parse(text));
    this.figures.accepted.set(caseId, (this.figures.accepted.get(caseId) ?? 0) + 1);
    return `/v1/cases/${caseId}/jobs/${jobId}`;
  }

  /** Nothing, as long as there is no job to ask for. */
  async #read(method: string, path: string): Promise<void> {
    if (path === "") return;
    const startMs = performance.now();
    await this.#exchange(method, path, null, [200]);
    this.figures.readMs.push(performance.now() - startMs);
  }

  #blame(what: string): void {
    this.figures.errors.set(what, (this.figures.errors.get(what) ?? 0) + 1);
  }

  async #exchange(
    method: string,
    path: string,
    body: object | null,
    expected: readonly number[],
  ): Promise<string> {
    this.figures.requests += 1;
    const { status, text } = await this.#call(method, path, body);
    if (!expected.includes(status))
      throw new Error(`${method} ${path.split("/", 3).join("/")} answered ${status}`);
    return text;
  }

  #call(method: string, path: string, body: object | null): Promise<{ status: number; text: string }> {
    const sent = body === null ? "" : JSON.stringify(body);
    const headers =
      body === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(sent) };
    return new Promise((resolve, reject) => {
      const asked = request(
        `${this.#options.url}${path}`,
        { method, headers, agent: this.#agent },
        (answer) => {
          let text = "";
          answer.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
          answer.on("error", reject);
        },
      );
      asked.on("error", reject).end(sent);
    });
  }
}
