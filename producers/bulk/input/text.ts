/** Text from a stream, and its lines, without ever holding more than a line of it. */
import { Failure } from "../../../src/contract/failure.ts";
import { LONGEST_ROW_BYTES } from "./row.ts";

/** Decodes UTF-8 and leaves a byte order mark out; anything else is `invalid_input` that names the source. */
export async function* decode(
  stream: AsyncIterable<string | Uint8Array>,
  name: string,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const read = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw new Failure("invalid_input", `${name}: given bytes that are no text; allowed: UTF-8`);
    }
  };
  for await (const chunk of stream) yield typeof chunk === "string" ? chunk : read(chunk);
  yield read();
}

/** The first line that is not blank, and all of the text with it still in front. */
export async function peek(
  chunks: AsyncIterable<string>,
): Promise<{ first: string; all: AsyncIterable<string> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = "";
  let isDone = false;
  while (!isDone && head.length < LONGEST_ROW_BYTES && !head.trimStart().includes("\n")) {
    const next = await iterator.next();
    isDone = next.done === true;
    if (!next.done) head += next.value;
  }
  return { first: head.trimStart().split("\n", 1)[0]?.trim() ?? "", all: joined() };

  async function* joined(): AsyncGenerator<string, void> {
    yield head;
    while (!isDone) {
      const next = await iterator.next();
      isDone = next.done === true;
      if (!next.done) yield next.value;
    }
  }
}

export interface Line {
  number: number;
  text: string;
}

/** Lines without their ends. */
export async function* readLines(chunks: AsyncIterable<string>, name: string): AsyncGenerator<Line, void> {
  let number = 0;
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_ROW_BYTES)
      throw new Failure("invalid_input", `${name}:${number + lines.length + 1}: the line has no end`);
    for (const line of lines) {
      number += 1;
      yield { number, text: line.endsWith("\r") ? line.slice(0, -1) : line };
    }
  }
  if (rest !== "") yield { number: number + 1, text: rest };
}
