/** Headers as clients mean them. */

/** Node reads headers as Latin-1, and clients write names of people in UTF-8. */
export function asUtf8(headers: NodeJS.Dict<string | string[]>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? decode(value) : value]),
  );
}

function decode(value: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "latin1"));
  } catch {
    return value;
  }
}
