/** Named points at which a test may kill or freeze this process. Inert unless `FAULT_POINT` arms one at the start. */

export const FAULT_POINTS = [
  /** Enqueue: the record is there, its turn is not. */
  "after-record",
  /** Enqueue: the turn is taken, the job is not on the queue. */
  "after-turn",
  /** API: the job is accepted, whoever asked has no answer. */
  "after-accept",
  /** Before the note of a write is kept. */
  "before-note",
  /** The note is kept, nothing was sent. */
  "after-note",
  /** The last byte of a write was handed to the socket. */
  "after-send",
  /** Defender's answer to a write is in. */
  "after-answer",
  /** The result is known, not written. */
  "before-result",
  /** The result is written; the turn is still taken. */
  "after-result",
  /** All is written but BullMQ's own end of the job. */
  "before-ack",
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

export const FAULT_SIGNALS = ["SIGKILL", "SIGSTOP"] as const;

export interface ArmedFault {
  point: FaultPoint;
  /** `SIGSTOP` freezes the process, until it gets SIGCONT. */
  signal: (typeof FAULT_SIGNALS)[number];
}

let armed: ArmedFault | null = null;

export function armFault(fault: ArmedFault | null): void {
  armed = fault;
}

/** Ends or freezes the process when this point is armed, before anything else can run; the first time only. */
export function reach(point: FaultPoint): void {
  if (armed?.point !== point) return;
  const { signal } = armed;
  armed = null;
  process.kill(process.pid, signal);
}
