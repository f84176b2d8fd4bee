/** `defender-actions api`: the HTTP API, and tokens for those who are to call it. */
import type { Command } from "commander";
import { print, printJson } from "../../src/output.ts";

export function defineApi(command: Command): void {
  command.action(async () => {
    const { runApi } = await import("../api/main.ts");
    process.exitCode = await runApi();
  });
  command
    .command("new-token")
    .description("make a token: the text for whoever is to call, the hash for API_TOKENS")
    .option("--json", "print JSON: { token, hash }")
    .action(async ({ json }: { json?: boolean }) => {
      const { makeToken } = await import("../api/tokens.ts");
      const { token, hash } = makeToken();
      await (json ? printJson({ token, hash }) : print(`token: ${token}\nhash: ${hash}\n`));
    });
}
