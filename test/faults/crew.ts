/** The workers of a round: whoever ends, killed or by itself at a fault point, gets a successor. */
import type { FaultPoint } from "../../src/fault-point.ts";
import type { Rig } from "../support/rig.ts";
import type { WorkerProcess } from "../support/worker-process.ts";

export class Crew {
  /** Workers that ended. */
  losses = 0;
  readonly #rig: Rig;
  readonly #alive: WorkerProcess[] = [];
  #isDismissed = false;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  async hire(diesAt: FaultPoint | null = null): Promise<void> {
    const worker = await this.#rig.startWorker(diesAt === null ? {} : { FAULT_POINT: diesAt });
    this.#alive.push(worker);
    if (diesAt !== null) void worker.ended.then(() => this.#replace(worker));
  }

  /** Kills the worker at that place, counted around, and waits for its successor. */
  async kill(place: number, successorDiesAt: FaultPoint | null): Promise<void> {
    const [victim] = this.#alive.splice(place % this.#alive.length, 1);
    if (victim === undefined) return;
    await victim.kill("SIGKILL");
    this.losses += 1;
    await this.hire(successorDiesAt);
  }

  /** From now on nobody is replaced. */
  dismiss(): void {
    this.#isDismissed = true;
  }

  async #replace(worker: WorkerProcess): Promise<void> {
    const place = this.#alive.indexOf(worker);
    if (this.#isDismissed || place === -1) return;
    this.#alive.splice(place, 1);
    this.losses += 1;
    await this.hire();
  }
}
