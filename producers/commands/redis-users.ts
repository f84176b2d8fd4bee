/** `defender-actions redis-users`: users for Redis's access control, each with the URL that its program is given. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { loadProducerConfig } from "../../src/config.ts";
import { Failure } from "../../src/contract/failure.ts";
import { printText } from "../../src/output.ts";
import { type Account, aclFile, REDIS_USERS } from "../../src/queue/redis-users.ts";
import { parseRedisUrl } from "../../src/settings/redis.ts";

/** Only its owner gets into the folder. The files can be read by all, for in a container a program has another user id. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o644;

interface Options {
  folder: string;
  address: string;
}

export function defineRedisUsers(command: Command): void {
  command
    .description("make users of least privilege for Redis (7.0 or newer), or their rules anew")
    .requiredOption("--folder <path>", "where to; URLs that lie there keep their passwords")
    .option("--address <host:port>", "what goes into the URLs that are new", "127.0.0.1:6379")
    .action(async (options: Options) => {
      await printText((await makeUsers(options)).join("\n"));
    });
}

/** The files that were written: the list of users, and the URL of each. */
export async function makeUsers({ folder, address }: Options): Promise<string[]> {
  const { prefix } = loadProducerConfig().redis;
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const accounts: Account[] = [];
  const files: string[] = [];
  for (const user of REDIS_USERS) {
    const file = join(folder, `redis-url-${user}`);
    const known = await readUrl(file);
    const password = known === null ? randomBytes(24).toString("base64url") : passwordIn(known);
    if (known === null)
      await writeFile(file, `redis://${user}:${password}@${address}\n`, { mode: FILE_MODE });
    accounts.push({ user, password });
    files.push(file);
  }
  const list = join(folder, "redis-users.acl");
  await writeFile(list, aclFile(prefix, accounts), { mode: FILE_MODE });
  return [list, ...files];
}

async function readUrl(file: string): Promise<string | null> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

function passwordIn(url: string): string {
  const { password } = parseRedisUrl(url);
  if (password === null)
    throw new Failure("invalid_input", "Redis URL: given no password; allowed: one that has");
  return password;
}
