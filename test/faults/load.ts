/** Comments that are asked for one after the other, as a SOAR does, whatever happens to Redis meanwhile. */
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Accepted, Rig } from "../support/rig.ts";

/** Incidents that are nothing special in the simulator's seeds; many, for writes to one wait for each other. */
const INCIDENTS = Array.from({ length: 24 }, (_, index) => 32 + index);

export interface Acknowledged {
  job: Accepted;
  /** When the client heard that it was accepted, on the clock of `Date.now()`. */
  atMs: number;
}

export class Load {
  readonly #rig: Rig;
  readonly #everyMs: number;
  readonly #heard = new EventEmitter();
  readonly #running: Promise<void>;
  readonly acknowledged: Acknowledged[] = [];
  #asked = 0;
  #isOver = false;

  /** Starts at once; a comment every `everyMs`, or as fast as they are acknowledged. */
  constructor(rig: Rig, { everyMs = 100 } = {}) {
    this.#rig = rig;
    this.#everyMs = everyMs;
    this.#running = this.#run();
  }

  /** Resolves once so many were acknowledged. */
  async reached(count: number): Promise<void> {
    while (this.acknowledged.length < count) await once(this.#heard, "acknowledged");
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** What a SOAR does that is not sure of what was accepted: asks for everything again, under the same keys. */
  async askAgain(): Promise<void> {
    for (let number = 0; number < this.#asked; number += 1) await this.#ask(number);
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const number = this.#asked;
      this.#asked += 1;
      try {
        const job = await this.#ask(number);
        this.acknowledged.push({ job, atMs: Date.now() });
        this.#heard.emit("acknowledged");
      } catch {
        // Refused, which is right while Redis is away; `askAgain` does not forgive it.
      }
      await sleep(this.#everyMs);
    }
  }

  async #ask(number: number): Promise<Accepted> {
    const incident_id = INCIDENTS[number % INCIDENTS.length];
    const input = { incident_id, comment: `asked for as number ${number}` };
    return await this.#rig.accept("add_comment_to_incident", input, { idempotencyKey: `load-${number}` });
  }
}
