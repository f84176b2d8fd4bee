/** CSV that a spreadsheet opens without running any of it. */
import { stringify } from "csv-stringify/sync";

/** Lines for records of one length; texts that a spreadsheet would take for a formula get a quote in front. */
export function toCsv(records: readonly (readonly unknown[])[]): string {
  return stringify([...records], {
    escape_formulas: true,
    cast: {
      boolean: String,
      // A negative number is a number, not a formula.
      number: (value) => ({ value: String(value), escape_formulas: false }),
    },
  });
}
