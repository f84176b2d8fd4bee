/** A process that follows cases over server-sent events and counts what comes: `api-followers.ts <url> <followers> <case> …`. */
import { Agent, get } from "node:http";
import { argv } from "node:process";

const [, , url = "", followers = "0", ...cases] = argv;
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** Job ids that each follower saw the end of. */
const ends: Set<string>[] = [];
let broken = 0;

function follow(caseId: string): Promise<void> {
  const seen = new Set<string>();
  ends.push(seen);
  return new Promise((resolve) => {
    const asked = get(`${url}/v1/cases/${caseId}/events`, { agent }, (answer) => {
      let text = "";
      if (answer.statusCode !== 200) broken += 1;
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) {
          // Parsed by eye: a thousand followers of one process must not be what takes the time.
          const [, jobId] = /"job_id":"([^"]+)"/.exec(event) ?? [];
          if (jobId !== undefined && /"status":"(?:completed|failed)"/.test(event)) seen.add(jobId);
        }
      });
      answer.on("close", () => {
        broken += 1;
      });
      resolve();
    });
    asked.on("error", () => {
      broken += 1;
      resolve();
    });
  });
}

for (let number = 0; number < Number(followers); number += 1)
  await follow(cases[number % cases.length] ?? "");
process.send?.({ kind: "ready", broken });
process.on("message", () => {
  process.send?.({ kind: "seen", broken, ends: ends.reduce((sum, { size }) => sum + size, 0) });
});
process.on("disconnect", () => process.exit(0));
