/** A file of settings that is read again when it changes, such as a secret that is rotated. */
import { readFile, stat } from "node:fs/promises";
import { Failure } from "./contract/failure.ts";
import type { Log } from "./log.ts";

export interface ReloadedFileOptions<T> {
  /** Names the file in messages. */
  variable: string;
  /** Throws `invalid_input` for a text that is none. */
  parse(text: string): T;
  log: Log;
}

export class ReloadedFile<T> {
  readonly #path: string;
  readonly #options: ReloadedFileOptions<T>;
  #value: T;
  #stamp: string;
  #isMissed = false;

  private constructor(path: string, options: ReloadedFileOptions<T>, value: T, stamp: string) {
    this.#path = path;
    this.#options = options;
    this.#value = value;
    this.#stamp = stamp;
  }

  /** Throws `invalid_input` for a file that cannot be read or parsed. */
  static async open<T>(path: string, options: ReloadedFileOptions<T>): Promise<ReloadedFile<T>> {
    const stamp = await stampOf(path, options);
    return new ReloadedFile(path, options, await readAs(path, options), stamp);
  }

  /** As the file says now; while that cannot be read, as it said before. */
  async value(): Promise<T> {
    const { variable, log } = this.#options;
    try {
      const stamp = await stampOf(this.#path, this.#options);
      this.#isMissed = false;
      if (stamp === this.#stamp) return this.#value;
      // A file that stays bad is complained about once.
      this.#stamp = stamp;
      this.#value = await readAs(this.#path, this.#options);
      log.info({ event: "file.read", variable }, `${variable}: read again`);
    } catch (error) {
      if (!this.#isMissed)
        log.error(
          { event: "file.unreadable", variable, err: error },
          `${variable}: what it said before holds`,
        );
      this.#isMissed = true;
    }
    return this.#value;
  }
}

type Described = Pick<ReloadedFileOptions<unknown>, "variable">;

async function readAs<T>(path: string, { variable, parse }: ReloadedFileOptions<T>): Promise<T> {
  return parse(await readFile(path, "utf8").catch(unreadable(variable)));
}

async function stampOf(path: string, { variable }: Described): Promise<string> {
  const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true }).catch(unreadable(variable));
  return [mtimeNs, ctimeNs, size, ino].join(" ");
}

/** The path is no secret, but what a message may quote of the file is. */
function unreadable(variable: string): (error: unknown) => never {
  return (error) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new Failure("invalid_input", `${variable}: cannot be read (${code})`);
  };
}
