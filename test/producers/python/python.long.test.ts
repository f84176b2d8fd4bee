/** The Python file and what is built on it, run by the system's python3 against the API, a worker and the simulator. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { ACTION_NAMES, findAction } from "../../../src/actions/catalog.ts";
import { openPipe } from "../../support/pipe.ts";
import { openApi, tokenFor } from "../api/opened-api.ts";

const folder = fileURLToPath(new URL("../../../producers/python", import.meta.url));

/** What the program prints, as JSON; `python3 -I` has no other package on its path. */
async function python(program: string, ...args: string[]): Promise<unknown> {
  const start = `import sys, json\nsys.path.insert(0, ${JSON.stringify(folder)})\nsys.dont_write_bytecode = True\nsys.argv = sys.argv[1:]\n`;
  const { stdout, stderr } = await promisify(execFile)("python3", [
    "-I",
    "-W",
    "error",
    "-c",
    start + program,
    "-",
    ...args,
  ]);
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

const OPEN = `
from defender_actions import ApiError, Client, Unreachable, WaitTimeout, is_final
url, token = sys.argv[1:3]
client = Client(url, token, timeout=5)
`;

async function openWithWorker() {
  const pipe = await openPipe();
  await pipe.startWorker();
  const { token, entry } = tokenFor("soar:*:*");
  const api = await openApi({ QUEUE_PREFIX: pipe.prefix, API_TOKENS: entry });
  return { ...api, token };
}

it("has the documented name of every argument of every action", async () => {
  const signatures = await python(
    `${OPEN}
import inspect
names = json.loads(sys.argv[3])
print(json.dumps({name: list(inspect.signature(getattr(client, name)).parameters) for name in names}))
`,
    "http://127.0.0.1:1",
    "t",
    JSON.stringify(ACTION_NAMES),
  );
  for (const name of ACTION_NAMES) {
    const named: unknown = Object(signatures)[name];
    expect(named).toEqual(expect.arrayContaining(Object.keys(findAction(name).input.shape)));
  }
});

it("runs all six actions, reads results and rows, and takes a job back", { timeout: 120_000 }, async () => {
  const { url, token } = await openWithWorker();
  const seen = await python(
    `${OPEN}
case = {"case_id": "näive/4711"}
entities = [{"Identifier": "ws-01", "EntityType": "HOSTNAME"}]
done = [
    client.ping(**case, wait=40),
    client.update_incident(**case, incident_id=29, status=["Resolved"], wait=40, requested_by="Zoë"),
    client.add_comment_to_incident(**case, incident_id="29", comment="Done.", wait=40),
    client.execute_query(**case, table_names=["AlertInfo"], time_frame="Last 24 Hours", wait=40),
    client.execute_custom_query(**case, query="AlertInfo | take 3", wait=40),
    client.execute_entity_query(**case, table_names="DeviceInfo", target_entities=entities, hostname_entity_key="DeviceName", wait=40),
]
hunt = done[3]
job = client.ping(**case)
print(json.dumps({
    "statuses": [result["status"] for result in done],
    "by": done[1]["requested_by"],
    "results": len(client.results("näive/4711")),
    "final": is_final(client.wait(job["case_id"], job["job_id"], timeout=30)),
    "cancel": client.cancel(job["case_id"], job["job_id"]),
    "rows": len(list(client.rows(hunt["case_id"], hunt["job_id"], page=2))) == hunt["row_count"] > 2,
}))
`,
    url,
    token,
  );
  expect(seen).toEqual({
    statuses: Array.from({ length: 6 }, () => "completed"),
    by: "Zoë",
    results: 7,
    final: true,
    cancel: { cancelled: false, sent: true },
    rows: true,
  });
});

describe("what goes wrong", () => {
  it("is an ApiError with the code and the field, a WaitTimeout with the record, or Unreachable", async () => {
    const { token, entry } = tokenFor("soar:*:*");
    const { url } = await openApi({ API_TOKENS: entry });
    const seen = await python(
      `${OPEN}
def told(work):
    try:
        work()
    except ApiError as error:
        return [type(error).__name__, error.status, error.code, [one["field"] for one in error.errors]]
    except WaitTimeout as error:
        return [type(error).__name__, error.last["status"]]
    except Unreachable as error:
        return [type(error).__name__]

job = client.ping(case_id=1, idempotency_key="k")
again = client.ping(case_id=1, idempotency_key="k", wait=0.1)
print(json.dumps([
    told(lambda: client.update_incident(case_id=1, incident_id="x", status="Asleep")),
    told(lambda: client.result(1, "nowhere")),
    told(lambda: Client(url, "wrong").results(1)),
    told(lambda: client.wait(1, job["job_id"], timeout=0.2, every=0.1)),
    told(lambda: Client("http://127.0.0.1:1", token).results(1)),
    [again["job_id"] == job["job_id"], again["status"]],
]))
`,
      url,
      token,
    );
    expect(seen).toEqual([
      ["ApiError", 400, "invalid_input", ["incident_id", "status"]],
      ["ApiError", 404, "not_found", []],
      ["ApiError", 401, "auth_failed", []],
      ["WaitTimeout", "queued"],
      ["Unreachable"],
      [true, "queued"],
    ]);
  });
});

it("drives an asynchronous action of SecOps and a polling command of XSOAR to their end", {
  timeout: 120_000,
}, async () => {
  const { url, token } = await openWithWorker();
  const seen = await python(
    `${OPEN}
import time
import secops_async_action, xsoar_polling_command

class Result:
    def add_result_json(self, value):
        self.json = value

class Siemplify:
    case_id, workflow_instance, action_step_id = "4711", "w1", "s1"
    def __init__(self):
        self.result, self.ends = Result(), []
        self.params = {"Incident ID": "29", "Status": "Resolved"}
    def extract_configuration_param(self, param_name):
        return {"API Root": url, "API Token": token}[param_name]
    def extract_action_param(self, param_name):
        return self.params.get(param_name)
    def end(self, message, value, state):
        self.ends.append([message, value, state])

siemplify = Siemplify()
secops_async_action.main(siemplify, True)
while siemplify.ends[-1][2] == secops_async_action.EXECUTION_STATE_INPROGRESS:
    siemplify.params["additional_data"] = siemplify.ends[-1][1]
    time.sleep(0.2)
    secops_async_action.main(siemplify, False)
bad = Siemplify()
bad.params, bad.action_step_id = {"Incident ID": "29", "Status": "Asleep"}, "s2"
secops_async_action.main(bad, True)

args, polls = {"case_id": "4711", "table_names": "AlertInfo", "time_frame": "Last 24 Hours", "polling": "true"}, 0
while True:
    said = xsoar_polling_command.execute_query_command(args, client, dict, dict)
    if not said["continue_to_poll"]:
        break
    args, polls = said["args_for_next_run"], polls + 1
    time.sleep(0.2)
print(json.dumps([siemplify.ends[-1], siemplify.result.json["status"], bad.ends, polls > 0, len(said["response"]["outputs"]["rows"]) > 2]))
`,
    url,
    token,
  );
  expect(seen).toEqual([
    ["Successfully updated incident 29 in Microsoft 365 Defender", true, 0],
    "resolved",
    [[expect.stringContaining('status: given "Asleep"; allowed: Active'), false, 2]],
    true,
    true,
  ]);
});
