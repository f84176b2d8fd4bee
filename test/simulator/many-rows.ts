/** The text of a hunting answer as large as one likes. */
import { createHash } from "node:crypto";
import type { Fault } from "./faults.ts";

/** As in events of one kind, much is the same in all rows: what differs is spread over the first 64 bytes of each. */
export function manyRows({ count, bytes, columns }: NonNullable<Fault["rows"]>): string {
  const names = Array.from({ length: columns }, (_, index) => (index === 0 ? "Text" : `Text${index + 1}`));
  const row = (number: number): string => {
    const varied = createHash("sha256").update(String(number)).digest("hex");
    const share = Math.ceil(varied.length / columns);
    const cells = names.map((name, index) => {
      const start = varied.slice(index * share, (index + 1) * share);
      return [name, start.padEnd(bytes, "x").slice(0, bytes)];
    });
    return JSON.stringify(Object.fromEntries(cells));
  };
  const schema = names.map((name) => ({ name, type: "String" }));
  const rows = Array.from({ length: count }, (_, number) => row(number));
  return `{"schema":${JSON.stringify(schema)},"results":[${rows.join(",")}]}`;
}
