/** `defender-actions mcp`: an MCP server on standard input and output. */
import { createRequire } from "node:module";
import type { Command } from "commander";
import { z } from "zod";
import { duration } from "../../src/settings/fields.ts";
import { reading, withClient } from "./session.ts";

const packageSchema = z.object({ version: z.string() });

interface Options {
  wait: number;
  instance?: string;
  requestedBy: string;
}

export function defineMcp(command: Command): void {
  command
    .option("--wait <time>", "how long a call stays for its result", reading(duration("1s", "10m")), 60_000)
    .option("--instance <name>", "the Defender connection to use")
    .option("--requested-by <name>", "who asks, as results and logs say", "mcp")
    .action(async ({ wait: waitMs, instance, requestedBy }: Options) => {
      const { version } = packageSchema.parse(
        createRequire(import.meta.url)("defender-actions/package.json"),
      );
      const { StdioServerTransport } = await import("@modelcontextprotocol/sdk/server/stdio.js");
      const { createMcpServer } = await import("../mcp/server.ts");
      await withClient(async (client) => {
        const server = createMcpServer(client, {
          version,
          waitMs,
          requestedBy,
          ...(instance === undefined ? {} : { instance }),
        });
        const closed = new Promise<void>((resolve) => {
          // The transport does not say when the one who started us has left.
          process.stdin.once("end", resolve);
          for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
        });
        await server.connect(new StdioServerTransport());
        await closed;
        await server.close();
      }, "mcp");
    });
}
