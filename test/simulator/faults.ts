/** Scripted faults: which requests they meet, how often, and what happens to them. */
import { z } from "zod";

const pattern = z.string().transform((text, context) => {
  try {
    return new RegExp(text);
  } catch {
    context.addIssue(`not a regular expression: ${text}`);
    return z.NEVER;
  }
});

export const faultSchema = z.strictObject({
  /** With a status, a body or rows, this is the answer, and the request has no effect (unless `applied`). */
  status: z.int().min(100).max(599).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Text is sent as it is (HTML when it starts with `<`), anything else as JSON. */
  body: z.json().optional(),
  /** In place of a body: a hunting answer of so many rows, each with a text of so many bytes in each of its columns. */
  rows: z
    .strictObject({
      count: z.int().positive(),
      bytes: z.int().positive(),
      columns: z.int().positive().default(1),
    })
    .optional(),
  /** Compresses the answer. */
  gzip: z.literal(true).optional(),
  /** Waits before answering; with `applied`, after the effect. */
  delayMs: z.int().nonnegative().optional(),
  /** Sends the body so many bytes at a time. */
  drip: z.strictObject({ bytes: z.int().positive(), everyMs: z.int().positive() }).optional(),
  /** Destroys the socket, before or after the request had its effect. */
  reset: z.enum(["before", "after"]).optional(),
  /** Never answers. */
  hang: z.literal(true).optional(),
  /** Announces the whole body, sends so much of it, destroys the socket. */
  truncateBytes: z.int().nonnegative().optional(),
  /** The request has its effect although its answer is replaced, delayed or lost. */
  applied: z.boolean().optional(),
});

export const faultScriptSchema = z.strictObject({
  match: z
    .strictObject({ method: z.string().optional(), path: pattern.optional(), body: pattern.optional() })
    .prefault({}),
  /** How often; null for ever. */
  times: z.int().positive().nullable().default(1),
  /** How many matching requests pass first. */
  after: z.int().nonnegative().default(0),
  fault: faultSchema,
});

export type Fault = z.output<typeof faultSchema>;
export type FaultScript = z.output<typeof faultScriptSchema>;
export type FaultScriptInput = z.input<typeof faultScriptSchema>;

export class Faults {
  #scripts: FaultScript[] = [];

  add(script: FaultScript): void {
    this.#scripts.push({ ...script });
  }

  clear(): void {
    this.#scripts = [];
  }

  /** The fault this request meets, if any: that of the oldest matching script which is due. A script that is not yet due counts it as passed. */
  take(request: { method: string; path: string; body: string }): Fault | undefined {
    for (const script of this.#scripts) {
      const { method, path, body } = script.match;
      if (method !== undefined && method.toUpperCase() !== request.method) continue;
      if (path !== undefined && !path.test(request.path)) continue;
      if (body !== undefined && !body.test(request.body)) continue;
      if (script.after > 0) {
        script.after -= 1;
        continue;
      }
      if (script.times !== null) {
        script.times -= 1;
        if (script.times === 0) this.#scripts = this.#scripts.filter((other) => other !== script);
      }
      return script.fault;
    }
    return undefined;
  }
}

/** Whether the request still reaches the route that it was meant for. */
export function hasEffect(fault: Fault): boolean {
  if (fault.applied !== undefined) return fault.applied;
  if (fault.reset !== undefined) return fault.reset === "after";
  const { hang, status, body, rows } = fault;
  return hang === undefined && status === undefined && body === undefined && rows === undefined;
}
