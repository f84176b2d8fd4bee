/** JSON that people typed: reads it, or says where it breaks. */
import { Failure } from "../../src/contract/failure.ts";

/** Throws `invalid_input` with line and column; `source` is named in front. */
export function parseJsonText(text: string, source: string): unknown {
  const json = text.replace(/^\uFEFF/, "");
  if (json.trim() === "")
    throw new Failure("invalid_input", `${source}: given nothing; allowed: a JSON object`);
  try {
    return JSON.parse(json);
  } catch {
    const offset = offsetOfError(json);
    const before = json.slice(0, offset);
    const line = before.split("\n").length;
    const column = offset - before.lastIndexOf("\n");
    const found = offset === json.length ? "it ends too early" : `found ${JSON.stringify(json[offset])}`;
    throw new Failure("invalid_input", `${source}: not JSON: ${found} at line ${line}, column ${column}`);
  }
}

/** V8 does not always say where. Prefixes tell: up to the error each could still become JSON, after it none can. */
function offsetOfError(json: string): number {
  let good = 0;
  let bad = json.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (couldBecomeJson(json.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldBecomeJson(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const position = /at position (\d+)/.exec(message)?.[1];
    return message.startsWith("Unexpected end") || Number(position) === prefix.length;
  }
}
