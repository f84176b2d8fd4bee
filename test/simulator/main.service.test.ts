/** The simulator as a process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { requestToken } from "./probe.ts";

it("prints one line of JSON when it is ready, serves, and exits 0 on SIGTERM", async () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const env = {
    ...process.env,
    AZURE_TENANT_ID: "contoso-tenant",
    AZURE_CLIENT_SECRET: "from-the-environment",
  };
  const simulator = spawn(process.execPath, ["--import", "tsx", main, "--port", "0"], { env });
  const lines: string[] = [];
  const output = createInterface({ input: simulator.stdout });
  output.on("line", (line) => lines.push(line));
  await once(output, "line");
  const ready = JSON.parse(lines[0] ?? "");
  expect(ready).toMatchObject({ tenant: "contoso-tenant", clientSecret: "from-the-environment" });
  expect((await requestToken(ready)).status).toBe(200);
  const exited = once(simulator, "exit");
  simulator.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(lines).toHaveLength(1);
});
