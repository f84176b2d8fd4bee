/** Tables that fit the terminal: wide columns give way, long words are broken, nothing is cut off. */
import Table from "cli-table3";

/** Spaces on both sides of a cell. */
const PADDING = 2;
const NARROWEST = 4;

export function terminalWidth(): number {
  return process.stdout.columns || 80;
}

/** Cells may hold line breaks of ours; text from outside must be made `visible` first. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string {
  const widths = fitWidths(
    head.map((_, column) => Math.max(...[head, ...rows].map((row) => longestLine(row[column] ?? "")))),
    width - head.length * (PADDING + 1) - 1,
  );
  const breakCells = (row: readonly string[]): string[] =>
    row.map((cell, column) => breakWords(cell, widths[column] ?? NARROWEST));
  const table = new Table({
    head: breakCells(head),
    colWidths: widths.map((cells) => cells + PADDING),
    wordWrap: true,
    style: { head: [], border: [] },
  });
  table.push(...rows.map(breakCells));
  return table.toString();
}

/** Takes from the widest column until all fit, or none can give more. */
export function fitWidths(wanted: readonly number[], available: number): number[] {
  const widths = wanted.map((cells) => Math.max(1, cells));
  let excess = widths.reduce((sum, cells) => sum + cells, 0) - available;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}

function longestLine(cell: string): number {
  return Math.max(...cell.split("\n").map(cellsOf));
}

/** At most: beyond ASCII a character may take two cells. */
function cellsOf(text: string): number {
  return /^\p{ASCII}*$/u.test(text) ? text.length : text.length * 2;
}

/** The table wraps between words only, and would cut what is longer than its column. */
function breakWords(cell: string, width: number): string {
  return cell.replace(/\S+/g, (word) => {
    if (cellsOf(word) <= width) return word;
    const length = cellsOf(word) === word.length ? width : Math.max(1, Math.floor(width / 2));
    return word.match(new RegExp(`.{1,${length}}`, "gu"))?.join("\n") ?? word;
  });
}
