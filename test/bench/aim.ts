/** An aim as a line: whether it is met, and what was measured. */

export function formatAim(what: string, measured: string, wanted: string, isMet: boolean): string {
  return `${isMet ? "met   " : "missed"}  ${what.padEnd(38)} ${measured.padStart(8)}  (${wanted})`;
}
