/** Questions to the ledger and to the logs of workers. */
import type { Ledger } from "../support/control.ts";
import type { Rig } from "../support/rig.ts";

export type Arrival = Ledger["arrivals"][number];

export interface Which {
  lane: string;
  tenant?: string | undefined;
  /** A part of the path or of the body. */
  mark?: string;
}

/** In the order of their arrival. */
export async function arrivalsOf({ simulator }: Pick<Rig, "simulator">, which: Which): Promise<Arrival[]> {
  const { arrivals } = await simulator.ledger();
  return arrivals
    .filter(
      (arrival) =>
        arrival.lane === which.lane &&
        (which.tenant === undefined || arrival["tenant"] === which.tenant) &&
        (which.mark === undefined ||
          `${arrival.path} ${JSON.stringify(arrival["body"])}`.includes(which.mark)),
    )
    .sort((left, right) => left.timeMs - right.timeMs);
}

/** Milliseconds between each and the next. */
export function gapsMs(timesMs: readonly number[]): number[] {
  return timesMs.slice(1).map((timeMs, index) => timeMs - (timesMs[index] ?? timeMs));
}

export interface Logged {
  timeMs: number;
  [field: string]: unknown;
}

/** What all workers have logged of an event, by time. */
export function loggedBy({ workers }: Pick<Rig, "workers">, event: string): Logged[] {
  return workers
    .flatMap(({ log }) => log)
    .filter((line) => line.includes(`"event":"${event}"`))
    .map((line): Logged => {
      const fields: Record<string, unknown> = JSON.parse(line);
      return { ...fields, timeMs: Date.parse(String(fields["time"])) };
    })
    .sort((left, right) => left.timeMs - right.timeMs);
}
