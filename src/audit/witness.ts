/** Takes down what one caller asks for, with what came of it. */
import { Failure } from "../contract/failure.ts";
import type { AuditDraft, Via } from "./entry.ts";
import type { Trail } from "./trail.ts";

/** What is known of a deed before it is done. */
export type About = Omit<AuditDraft, "via" | "caller" | "outcome">;

export class Witness {
  readonly #trail: Pick<Trail, "note">;
  readonly #who: { via: Via; caller: string | null };

  constructor(trail: Pick<Trail, "note">, who: { via: Via; caller: string | null }) {
    this.#trail = trail;
    this.#who = who;
  }

  /**
   * Does it, and answers once it is taken down; `describe` adds what is known only then. A refusal is taken down as well,
   * but for `invalid_input`, with which nothing has been asked of anybody.
   */
  async see<T>(
    about: About,
    deed: () => Promise<T>,
    describe: (value: T) => Partial<AuditDraft> = () => ({}),
  ): Promise<T> {
    let value: T;
    try {
      value = await deed();
    } catch (error) {
      this.refused(about, error);
      throw error;
    }
    await this.accepted({ ...about, ...describe(value) });
    return value;
  }

  /** The same of several that are accepted or refused together. */
  async seeAll<T>(
    abouts: readonly About[],
    deed: () => Promise<readonly T[]>,
    describe: (value: T) => Partial<AuditDraft>,
  ): Promise<T[]> {
    let values: readonly T[];
    try {
      values = await deed();
    } catch (error) {
      for (const about of abouts) this.refused(about, error);
      throw error;
    }
    await Promise.all(
      values.map(async (value, index) => {
        const about = abouts[index];
        if (about !== undefined) await this.accepted({ ...about, ...describe(value) });
      }),
    );
    return [...values];
  }

  async accepted(entry: About & { outcome?: AuditDraft["outcome"] }): Promise<void> {
    await this.#trail.note({ outcome: "accepted", ...entry, ...this.#who });
  }

  refused(about: About, error: unknown): void {
    // Anything but a Failure is Redis's own word, which could not be taken down either.
    if (!(error instanceof Failure) || error.code === "invalid_input") return;
    void this.#trail.note({ ...about, ...this.#who, outcome: error.code });
  }
}
