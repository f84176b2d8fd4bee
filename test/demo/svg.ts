/** Lines of a terminal as a picture that scales. */

const CELL = { width: 8.4, height: 18 };
const MARGIN = 16;

export function toSvg(lines: readonly string[], columns: number): string {
  const width = Math.ceil(columns * CELL.width) + 2 * MARGIN;
  const height = lines.length * CELL.height + 2 * MARGIN;
  const texts = lines.map(
    (line, row) =>
      // Every line is as long as its cells, whatever font there is.
      `<text x="${MARGIN}" y="${MARGIN + (row + 0.75) * CELL.height}" textLength="${(line.length * CELL.width).toFixed(1)}" lengthAdjust="spacingAndGlyphs">${escapeXml(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>${escapeXml(lines[0] ?? "")}</title>
<rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="#cdd6f4" xml:space="preserve">
${texts.filter((_, row) => lines[row] !== "").join("\n")}
</g>
</svg>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
