/** The one sentence with which a value is refused: what was given, and what is allowed. */

/** How a refused value is shown: short, on one line, never the whole of a long text. */
export function show(value: unknown): string {
  const text = toText(value);
  return text.length > 80 ? `${text.slice(0, 77)}…`.toWellFormed() : text;
}

/** Callers in JavaScript may also pass what JSON cannot say: a bigint, a function, an object that holds itself. */
function toText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return String(value);
  }
}

export function refusal(given: unknown, allowed: string): string {
  return given === undefined ? `missing; allowed: ${allowed}` : `given ${show(given)}; allowed: ${allowed}`;
}

/** For zod: the sentence about whatever value a schema refuses. */
export function refusing(allowed: string): { error(issue: { input?: unknown }): string } {
  return { error: (issue) => refusal(issue.input, allowed) };
}
