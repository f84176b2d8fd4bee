/** Reads a case once for all who ask at the same moment: a change wakes every follower of the case at once. */
import type { Result } from "../../src/contract/result.ts";
import type { JobRef } from "../../src/results/keys.ts";
import type { ResultReader } from "../../src/results/reader.ts";
import type { CaseReader } from "../../src/results/wait.ts";

export class SharedReader implements CaseReader {
  readonly #reader: ResultReader;
  readonly #about = new Map<string, Promise<Result[]>>();

  constructor(reader: ResultReader) {
    this.#reader = reader;
  }

  result(job: JobRef): Promise<Result | null> {
    return this.#reader.result(job);
  }

  resultsForCase(caseId: string): Promise<Result[]> {
    return this.#share(JSON.stringify([caseId]), () => this.#reader.resultsForCase(caseId));
  }

  changesSince(caseId: string, cursor: string): Promise<Result[]> {
    return this.#share(JSON.stringify([caseId, cursor]), () => this.#reader.changesSince(caseId, cursor));
  }

  /** Nobody joins a read that has begun: it may have missed the change that he was woken for. */
  #share(key: string, read: () => Promise<Result[]>): Promise<Result[]> {
    const known = this.#about.get(key);
    if (known !== undefined) return known;
    const shared = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#about.delete(key);
      return read();
    });
    this.#about.set(key, shared);
    return shared;
  }
}
