/** An MCP server over the client: a call enqueues a job and stays for its result, telling meanwhile what it waits for. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
} from "@modelcontextprotocol/sdk/types.js";
import { ACTION_NAMES } from "../../src/actions/catalog.ts";
import { Failure, toFailure } from "../../src/contract/failure.ts";
import { isFinal, type Result } from "../../src/contract/result.ts";
import { isRedisAway, redisAway } from "../../src/queue/unreachable.ts";
import type { Client, JobRef } from "../client.ts";
import { answerOf, mark } from "./answer.ts";
import { TOOLS } from "./tools.ts";

export interface McpOptions {
  version: string;
  /** How long a call stays for its result; the job goes on after it. */
  waitMs: number;
  instance?: string;
  requestedBy: string;
  /** Which actions are offered; default all. */
  offers?(action: string): boolean;
}

/** What of the client is needed. */
export type McpClient = Pick<Client, "submit" | "followCase" | "result">;

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

const RESULT_URI = /^defender:\/\/cases\/([^/]+)\/jobs\/([^/]+)$/;
const RESULT_TEMPLATE = {
  uriTemplate: "defender://cases/{case_id}/jobs/{job_id}",
  name: "result",
  description: "The result of a job as it stands, with up to 1,000 rows of a query.",
  mimeType: "application/json",
};

/** Not connected yet: give it a transport. What is refused is an answer with `isError`, so that an agent can mend its call. */
export function createMcpServer(client: McpClient, options: McpOptions): Server {
  const { version, waitMs, instance, requestedBy, offers = () => true } = options;
  const server = new Server(
    { name: "defender-actions", title: "Microsoft 365 Defender actions", version },
    { capabilities: { tools: {}, resources: {} } },
  );

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: TOOLS.filter(({ name }) => offers(name)),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra): Promise<CallToolResult> => {
    const { name: action, arguments: input = {} } = params;
    if (!ACTION_NAMES.some((known) => known === action))
      throw new McpError(
        ErrorCode.InvalidParams,
        `tool: given ${JSON.stringify(action)}; allowed: ${ACTION_NAMES.join(", ")}`,
      );
    try {
      const job = await client.submit({
        action,
        input,
        options: { requestedBy, ...(instance === undefined ? {} : { instance }) },
      });
      return answerOf(await stayFor(job, extra));
    } catch (error) {
      return refusalOf(error);
    }
  });

  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [RESULT_TEMPLATE],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }) => {
    const [, caseId, jobId] = RESULT_URI.exec(uri) ?? [];
    if (caseId === undefined || jobId === undefined)
      throw new McpError(
        ErrorCode.InvalidParams,
        `uri: given ${JSON.stringify(uri)}; allowed: ${RESULT_TEMPLATE.uriTemplate}`,
      );
    const result = await client.result({ caseId: decode(caseId), jobId: decode(jobId) });
    if (result === null) throw new McpError(ErrorCode.InvalidParams, `there is no result at ${uri}`);
    return { contents: [{ uri, mimeType: "text/plain", text: mark(JSON.stringify(result)) }] };
  });
  return server;

  /** The final result, or the one that stands when the time is up or the caller has left; then the job goes on. */
  async function stayFor(job: JobRef, { signal, _meta, sendNotification }: Extra): Promise<Result> {
    const progressToken = _meta?.progressToken;
    let progress = 0;
    let last: Result | null = null;
    const ending = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    for await (const result of client.followCase(job.caseId, { signal: ending })) {
      if (result.job_id !== job.jobId) continue;
      last = result;
      if (isFinal(result.status)) return result;
      progress += 1;
      if (progressToken !== undefined)
        await sendNotification({
          method: "notifications/progress",
          params: { progressToken, progress, message: progressOf(result) },
        });
    }
    const known = last ?? (await client.result(job));
    if (known === null) throw new Failure("not_found", `job ${job.jobId} is not known any more`);
    return known;
  }
}

function progressOf({ status, waiting }: Result): string {
  if (waiting === null) return status;
  return `${status}, waits for ${waiting.for}${waiting.until === null ? "" : ` until ${waiting.until}`}`;
}

function refusalOf(error: unknown): CallToolResult {
  const { code, message } = isRedisAway(error) ? redisAway(error) : toFailure(error);
  return { content: [{ type: "text", text: `${code}: ${message}` }], isError: true };
}

/** A broken escape is no address of ours, and stands for itself. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
