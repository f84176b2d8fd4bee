/** Who may log in, and what signs their sessions: from the environment, or from files that are read again when they change. */
import { randomBytes } from "node:crypto";
import type { OpsConfig, UsersSource } from "../config.ts";
import { describeInvalid, Failure } from "../contract/failure.ts";
import type { Log } from "../log.ts";
import { ReloadedFile } from "../reloaded-file.ts";
import { sessionSecret } from "../settings/ops.ts";
import { type Account, users } from "../settings/users.ts";

export interface Accounts {
  /** At least one. */
  list(): Promise<readonly Account[]>;
  secret(): Promise<string>;
}

/** Null where nobody is to log in. Throws `invalid_input` for a file that cannot be used. */
export async function openAccounts(
  config: Pick<OpsConfig, "users" | "sessionSecret">,
  log: Log,
): Promise<Accounts | null> {
  if (config.users === null) return null;
  const [list, secret] = await Promise.all([
    openUsers(config.users, log),
    openSecret(config.sessionSecret, log),
  ]);
  return { list, secret };
}

async function openUsers(source: UsersSource, log: Log): Promise<Accounts["list"]> {
  if ("listed" in source) return async () => source.listed;
  const variable = "OPS_USERS_FILE";
  const file = await ReloadedFile.open(source.file, {
    variable,
    log,
    parse: (text) => usersIn(text, variable),
  });
  return () => file.value();
}

/** Without any, everybody would be an operator. */
function usersIn(text: string, variable: string): readonly Account[] {
  const found = users.safeParse(text);
  if (!found.success) throw new Failure("invalid_input", describeInvalid(found.error, variable));
  if (found.data.length === 0)
    throw new Failure("invalid_input", `${variable}: given no user; allowed: at least one`);
  return found.data;
}

async function openSecret(source: OpsConfig["sessionSecret"], log: Log): Promise<Accounts["secret"]> {
  const made = randomBytes(32).toString("base64url");
  if (source === null) return async () => made;
  if ("value" in source) return async () => source.value;
  const variable = "OPS_SESSION_SECRET_FILE";
  const parse = (text: string): string => {
    const found = sessionSecret.safeParse(text.trim());
    if (found.success) return found.data;
    throw new Failure("invalid_input", describeInvalid(found.error, variable));
  };
  const file = await ReloadedFile.open(source.file, { variable, log, parse });
  return () => file.value();
}
