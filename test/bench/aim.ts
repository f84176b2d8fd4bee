/** What a bench wants, held against what it measured. */

export interface Aim {
  what: string;
  measured: string;
  wanted: string;
  isMet: boolean;
}

/** `unit` may go on with what is compared; only its first word follows the measured value. */
export function within(what: string, value: number, most: number, unit: string): Aim {
  const digits = most < 10 && most > 0 ? 2 : 0;
  return {
    what,
    measured: `${value.toFixed(digits)} ${unit.split(" ")[0]}`.trim(),
    wanted: `at most ${most} ${unit}`.trim(),
    isMet: value <= most,
  };
}

/** An aim as a line. */
export function formatAim(what: string, measured: string, wanted: string, isMet: boolean): string {
  return `${isMet ? "met   " : "missed"}  ${what.padEnd(38)} ${measured.padStart(8)}  (${wanted})`;
}
