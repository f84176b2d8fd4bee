/** Who may call: tokens by their hashes, each bound to instances and actions, from the environment and from a file. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { ACTION_NAMES } from "../../src/actions/catalog.ts";
import type { ApiSettings, Window } from "../../src/config.ts";
import { Failure } from "../../src/contract/failure.ts";
import { instanceNameSchema } from "../../src/contract/job.ts";
import { refusal } from "../../src/contract/refusal.ts";
import type { Log } from "../../src/log.ts";
import { ReloadedFile } from "../../src/reloaded-file.ts";
import { limits, size } from "../../src/settings/fields.ts";

/** A token as it is configured: the text itself is nowhere. */
export interface Token {
  /** Whose it is: jobs are bound to the name, so that a token can be replaced by another of its name. */
  name: string;
  /** Null: all. */
  instances: ReadonlySet<string> | null;
  actions: ReadonlySet<string> | null;
  allCases: boolean;
  /** Instead of `API_RATE_LIMIT`; null: that. */
  rate: Window | null;
  /** Where it is less than `API_BODY_LIMIT`; null: that. */
  bodyLimitBytes: number | null;
  hash: string;
}

const ALL = "*";
const ALLOWED = {
  entry: "name:instances:actions:hash, with :cases=all behind it if all cases may be seen",
  more: "each once: cases=all, rate=100/1m, body=64kb",
  name: "1 to 64 of letters, digits and . _ -",
  instances: "names of instances joined by +, or *",
  actions: `names of actions joined by +, or *; there are ${ACTION_NAMES.join(", ")}`,
  hash: "SHA-256 of the token as 64 lower-case hex digits",
};

/** Prints never: the text is for whoever is to call, the hash for `API_TOKENS`. */
export function makeToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString("base64url");
  return { token, hash: hashToken(token).toString("hex") };
}

function hashToken(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Reads entries that are separated by commas or lines; `#` begins a comment. Throws `invalid_input` that names `source`. */
export function parseTokens(text: string, source: string): Token[] {
  const entries = text
    .split(/[,\n]/)
    .map((entry) => entry.replace(/#.*$/, "").trim())
    .filter((entry) => entry !== "");
  return entries.map((entry, index) => {
    const [name = "", instances = "", actions = "", hash = "", ...more] = entry.split(":");
    // The last part is not shown: somebody may have put the token there.
    const refuse = (part: keyof typeof ALLOWED, given?: string): never => {
      throw new Failure("invalid_input", `${source}: token ${index + 1}: ${refusal(given, ALLOWED[part])}`);
    };
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) refuse("name", name);
    if (hash === "") refuse("entry");
    if (!/^[0-9a-f]{64}$/.test(hash)) refuse("hash");
    const bounds = readBounds(more) ?? refuse("more");
    return {
      name,
      instances: readNames(
        instances,
        (one) => instanceNameSchema.safeParse(one).success,
        () => refuse("instances", instances),
      ),
      actions: readNames(
        actions,
        (one) => ACTION_NAMES.some((known) => known === one),
        () => refuse("actions", actions),
      ),
      ...bounds,
      hash,
    };
  });
}

const rateLimit = limits.refine((windows) => windows.length === 1).transform(([window]) => window ?? null);
const boundsSchema = z.strictObject({
  cases: z.literal("all").optional(),
  rate: rateLimit.optional(),
  body: size("1kb", "64mb").optional(),
});

/** What stands behind the hash, in any order; null when it cannot be read. */
function readBounds(parts: readonly string[]): Pick<Token, "allCases" | "rate" | "bodyLimitBytes"> | null {
  const given = new Map(parts.map((part) => part.split("=", 2)).map(([name = "", value]) => [name, value]));
  const bounds = boundsSchema.safeParse(Object.fromEntries(given)).data;
  if (bounds === undefined || given.size < parts.length) return null;
  const { cases, rate = null, body = null } = bounds;
  return { allCases: cases === "all", rate, bodyLimitBytes: body };
}

function readNames(
  text: string,
  isName: (one: string) => boolean,
  refuse: () => never,
): ReadonlySet<string> | null {
  if (text === ALL) return null;
  const names = text.split("+");
  return names.every(isName) ? new Set(names) : refuse();
}

/** The tokens there are now. A file is read again when it changes; one that cannot be read leaves things as they were. */
export class Tokens {
  readonly #listed: readonly Token[];
  readonly #file: ReloadedFile<readonly Token[]> | null;

  private constructor(listed: readonly Token[], file: ReloadedFile<readonly Token[]> | null) {
    this.#listed = listed;
    this.#file = file;
  }

  /** Throws `invalid_input` for an entry, or a file, that cannot be read. */
  static async open({ listed, file }: NonNullable<ApiSettings["tokens"]>, log: Log): Promise<Tokens> {
    const variable = "API_TOKENS_FILE";
    let known: readonly Token[] = [];
    const parse = (text: string): readonly Token[] => {
      // One that has not changed stays itself: streams opened with it go on.
      known = parseTokens(text, variable).map((token) => known.find((one) => isSame(one, token)) ?? token);
      return known;
    };
    return new Tokens(
      parseTokens(listed, "API_TOKENS"),
      file === null ? null : await ReloadedFile.open(file, { variable, parse, log }),
    );
  }

  /** Null for a text that is no token. Every token is compared, in constant time, so that time tells nothing. */
  async find(text: string): Promise<Token | null> {
    const hash = hashToken(text);
    let found: Token | null = null;
    for (const token of await this.#all())
      if (timingSafeEqual(Buffer.from(token.hash, "hex"), hash)) found ??= token;
    return found;
  }

  /** Whether a token that was found is still listed just so. */
  async isListed(token: Token): Promise<boolean> {
    return (await this.#all()).includes(token);
  }

  async #all(): Promise<readonly Token[]> {
    return [...this.#listed, ...((await this.#file?.value()) ?? [])];
  }
}

function isSame(one: Token, other: Token): boolean {
  const keyOf = ({ instances, actions, ...rest }: Token): string =>
    JSON.stringify([instances && [...instances], actions && [...actions], rest]);
  return keyOf(one) === keyOf(other);
}
