/** What commands write: data to standard output, all else to standard error. Text from outside never drives the terminal. */
import { once } from "node:events";

/** Control characters, and those that turn the direction of text around. */
const UNSAFE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
/** JSON has escaped the first 32 by itself, and is laid out with some of them. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeCharacter(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The text on one line, with everything escaped that a terminal would act upon. */
export function visible(text: string): string {
  return text.replace(UNSAFE, escapeCharacter);
}

/** The same value to a parser, harmless on a terminal. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE_IN_JSON, escapeCharacter);
}

/** Writes to standard output, no faster than it is read. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

/** Readable text of one or more lines. */
export async function printText(text: string): Promise<void> {
  await print(`${harmless(text)}\n`);
}

export async function printJson(value: unknown): Promise<void> {
  await print(`${toJson(value, 2)}\n`);
}

export async function printJsonLine(value: unknown): Promise<void> {
  await print(`${toJson(value)}\n`);
}

/** For people, on standard error. */
export function tell(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}

function harmless(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** Until all that was printed has left the process. */
export async function flushOutput(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))),
  );
}
