/** MCP over HTTP, as the SDK's own client speaks it. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, it, onTestFinished } from "vitest";
import { openPipe } from "../../support/pipe.ts";
import { openApi, tokenFor } from "./opened-api.ts";

async function openAgent(url: string, token: string): Promise<Client> {
  const agent = new Client({ name: "agent", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await agent.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
  onTestFinished(() => agent.close());
  return agent;
}

it("an agent with a token closes an incident, sees what its job waits for, and reads its result again", async () => {
  const pipe = await openPipe();
  await pipe.startWorker();
  const { token, entry } = tokenFor("agent:*:*");
  const { url, audit } = await openApi({ QUEUE_PREFIX: pipe.prefix, API_TOKENS: entry });
  const agent = await openAgent(url, token);
  const progress: (string | undefined)[] = [];
  const answer = CallToolResultSchema.parse(
    await agent.callTool(
      { name: "update_incident", arguments: { case_id: "4711", incident_id: 29, status: ["Resolved"] } },
      undefined,
      { onprogress: ({ message }) => progress.push(message) },
    ),
  );
  expect(answer).toMatchObject({
    isError: false,
    structuredContent: { result: { status: "completed", requested_by: "agent" } },
  });
  expect(progress).toContain("running");
  const link = answer.content.find((part) => part.type === "resource_link");
  const { contents } = await agent.readResource({ uri: link?.uri ?? "" });
  expect(JSON.stringify(contents)).toContain("Successfully updated incident 29");
  expect(audit()).toMatchObject([{ caller: "agent", via: "mcp", verb: "enqueue", outcome: "accepted" }]);
});

it("a bound token is offered its action alone, refused the others, and sees no result of another", async () => {
  const bound = tokenFor("siem:default:ping");
  const other = tokenFor("soar:*:*");
  const { url, call, client } = await openApi({ API_TOKENS: `${bound.entry},${other.entry}` });
  const { headers } = await call("/v1/actions/ping", { token: other.token, body: { case_id: "theirs" } });
  const agent = await openAgent(url, bound.token);
  expect((await agent.listTools()).tools.map(({ name }) => name)).toEqual(["ping"]);
  const comment = { case_id: "4711", incident_id: 29, comment: "x" };
  const refused = CallToolResultSchema.parse(
    await agent.callTool({ name: "add_comment_to_incident", arguments: comment }),
  );
  expect([refused.isError, JSON.stringify(refused.content)]).toEqual([
    true,
    expect.stringContaining("permission_denied"),
  ]);
  const uri = `defender:/${(headers.get("location") ?? "").slice("/v1".length)}`;
  await expect(agent.readResource({ uri })).rejects.toThrow("token siem: has no job in the case");
  expect(await client.resultsForCase("4711")).toEqual([]);
});

it("without a token nobody gets in, and other methods are refused", async () => {
  const { entry, token } = tokenFor("agent:*:*");
  const { refused, url } = await openApi({ API_TOKENS: entry });
  await refused(401, "/mcp", { body: { jsonrpc: "2.0", id: 1, method: "tools/list" } });
  await expect(openAgent(url, "wrong")).rejects.toThrow();
  await refused(405, "/mcp", { token });
});
