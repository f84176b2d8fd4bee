/** Names that a mistyped one may have meant. */

/** Less in common is chance. */
const LIKE = 0.4;

/** Up to three names that share most with `wanted`, the best first; at least one, where there are any. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, likeness: likeness(wanted.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => b.likeness - a.likeness)
    .filter(({ likeness }, at) => at === 0 || (at < 3 && likeness >= LIKE))
    .map(({ name }) => name);
}

/** From 0 to 1: the share of pairs of neighbouring letters that both have (Dice's coefficient). */
function likeness(a: string, b: string): number {
  const [pairs, others] = [pairsOf(a), pairsOf(b)];
  let shared = 0;
  for (const pair of pairs) {
    const at = others.indexOf(pair);
    if (at === -1) continue;
    others.splice(at, 1);
    shared += 1;
  }
  return (2 * shared) / Math.max(1, a.length + b.length - 2);
}

function pairsOf(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2));
}
