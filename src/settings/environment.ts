/** The environment as it is read: trimmed, by schema, with every problem collected and named by its variable. */
import { readFileSync } from "node:fs";
import type { z } from "zod";

/** Trimmed values; what is empty counts as not set. */
export type Environment = Readonly<Record<string, string>>;

export function cleanEnvironment(raw: Readonly<Record<string, string | undefined>>): Environment {
  const clean: Record<string, string> = {};
  for (const [name, text] of Object.entries(raw)) {
    const value = text?.trim();
    if (value) clean[name] = value;
  }
  // Both spellings of these are common; the upper-case one wins.
  for (const name of ["HTTPS_PROXY", "NO_PROXY"]) {
    const lower = clean[name.toLowerCase()];
    if (lower !== undefined) clean[name] ??= lower;
  }
  return clean;
}

/** Takes a secret that is not given itself from the file that `<name>_FILE` names. */
export function withFile(environment: Environment, name: string, problems: string[]): Environment {
  const file = environment[`${name}_FILE`];
  if (file === undefined) return environment;
  if (environment[name] !== undefined) {
    problems.push(`${name}: given together with ${name}_FILE; allowed: one of them`);
    return environment;
  }
  try {
    return { ...environment, ...cleanEnvironment({ [name]: readFileSync(file, "utf8") }) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    problems.push(`${name}_FILE: given ${JSON.stringify(file)}; cannot be read${code}`);
    return environment;
  }
}

/** Variables by the names that a schema knows, and by those under which they stand in the environment. */
export interface Scope {
  given: Environment;
  nameOf(variable: string): string;
}

/** What `schema` makes of the variables; null when `problems` got new ones. */
export function read<S extends z.ZodType>(schema: S, scope: Scope, problems: string[]): z.output<S> | null {
  const parsed = schema.safeParse(scope.given);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues)
    problems.push(`${scope.nameOf(String(path[0]))}: ${message}`);
  return null;
}
