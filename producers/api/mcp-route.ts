/** MCP over streamable HTTP, behind the same tokens. Each request stands alone: there are no sessions to keep or to lose. */
import { createRequire } from "node:module";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Failure } from "../../src/contract/failure.ts";
import { createMcpServer, type McpClient } from "../mcp/server.ts";
import type { Caller } from "./caller.ts";
import { asUtf8 } from "./headers.ts";
import { actionHeaders } from "./schemas.ts";
import { read, type Served } from "./served.ts";

/** Below the silence after which a connection is taken for dead. */
const WAIT_MS = 60_000;

export function addMcpRoute(app: FastifyInstance, served: Served): void {
  const about = createRequire(import.meta.url)("defender-actions/package.json");
  const { version } = z.object({ version: z.string() }).parse(about);

  app.post("/mcp", async (request, reply) => {
    const caller = served.identity.of(request);
    const headers = read(actionHeaders, asUtf8(request.headers));
    const server = createMcpServer(clientOf(caller, served), {
      version,
      waitMs: WAIT_MS,
      instance: headers["defender-instance"],
      requestedBy: headers["defender-requested-by"] ?? caller.name ?? "mcp",
      offers: caller.mayRunSomewhere,
    });
    const transport = new StreamableHTTPServerTransport({});
    reply.raw.once("close", () => void server.close());
    reply.hijack();
    await server.connect(transport);
    await transport.handleRequest(request.raw, reply.raw, request.body);
  });
}

/** The pipe as this caller may use it. */
function clientOf(caller: Caller, { pipe, desk, stopping }: Served): McpClient {
  return {
    submit: (request) => desk.enqueue(caller, request),
    followCase: (caseId, { signal } = {}) =>
      pipe.follow(caller, caseId, "0", signal === undefined ? stopping : AbortSignal.any([signal, stopping])),
    async result(job) {
      try {
        return await pipe.result(caller, job);
      } catch (error) {
        if (error instanceof Failure && error.code === "not_found") return null;
        throw error;
      }
    },
  };
}
