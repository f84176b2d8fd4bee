import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadOpsConfig, loadProducerConfig, loadWorkerConfig, VARIABLES } from "../src/config.ts";
import { APP, refusal } from "./support/variables.ts";

type Variables = Record<string, string>;

const worker = (variables: Variables) => loadWorkerConfig({ ...APP, ...variables });
const only = (variables: Variables) => worker(variables).instances[0];

describe("a worker with five variables", () => {
  it("gets the documented defaults", () => {
    expect(loadWorkerConfig(APP)).toEqual({
      redis: { url: "redis://127.0.0.1:6379", mode: "single", sentinelName: null, prefix: "defender" },
      instances: [
        {
          name: "default",
          cloud: "global",
          tenantId: APP.AZURE_TENANT_ID,
          clientId: APP.AZURE_CLIENT_ID,
          credential: { kind: "secret", secret: { value: APP.AZURE_CLIENT_SECRET } },
          loginRoot: "https://login.microsoftonline.com",
          graphRoot: "https://graph.microsoft.com",
          lanes: ["incidents", "hunting"],
          writes: true,
          limits: {
            incidents: [{ calls: 120, windowMs: 60_000 }],
            hunting: [{ calls: 36, windowMs: 60_000 }],
          },
          bulkShare: 0.8,
          egress: { verifySsl: true, httpsProxy: null, noProxy: "" },
        },
      ],
      concurrency: 8,
      jobExpiresAfterMs: 3_600_000,
      commentSettleMs: 60_000,
      commentReference: "on",
      strictDetermination: false,
      preflight: "on",
      shutdownTimeoutMs: 25_000,
      resultTtlMs: 604_800_000,
      bulkResultTtlMs: 7_776_000_000,
      inlineLimit: { rows: 1_000, bytes: 1_048_576 },
      webhook: null,
      auditTtlMs: 7_776_000_000,
      resultMemory: null,
      listen: null,
      traces: null,
      logLevel: "info",
      notices: [],
    });
  });

  it("is told once that API_ROOT does nothing", () => {
    expect(worker({ API_ROOT: "https://api.security.microsoft.com" }).notices).toEqual([
      expect.stringContaining("API_ROOT"),
    ]);
  });

  it("is told that writes are off", () => {
    expect(worker({ DEFENDER_WRITES: "off" }).notices).toEqual([
      "DEFENDER_WRITES is off: no write of default is sent",
    ]);
  });

  it("may have spaces around values, and empty ones count as not set", () => {
    expect(only({ AZURE_CLIENT_ID: `  ${APP.AZURE_CLIENT_ID} `, DEFENDER_CLOUD: " " })).toMatchObject({
      clientId: APP.AZURE_CLIENT_ID,
      cloud: "global",
    });
  });
});

describe("what is read from text", () => {
  it.each([
    [
      "DEFENDER_INCIDENT_LIMITS",
      "45/1m, 1500/1h",
      "limits.incidents",
      [
        { calls: 1_500, windowMs: 3_600_000 },
        { calls: 45, windowMs: 60_000 },
      ],
    ],
    ["DEFENDER_HUNTING_LIMITS", "20/2s", "limits.hunting", [{ calls: 20, windowMs: 2_000 }]],
    ["BULK_SHARE", "50%", "bulkShare", 0.5],
    ["BULK_SHARE", "0.25", "bulkShare", 0.25],
    ["LANES", "Hunting", "lanes", ["hunting"]],
    ["VERIFY_SSL", "False", "egress.verifySsl", false],
    [
      "HTTPS_PROXY",
      "http://user:pass@proxy.contoso.com:8080",
      "egress.httpsProxy",
      "http://user:pass@proxy.contoso.com:8080",
    ],
    ["https_proxy", "http://proxy.contoso.com", "egress.httpsProxy", "http://proxy.contoso.com"],
    ["no_proxy", "localhost", "egress.noProxy", "localhost"],
    ["GRAPH_API_ROOT", "https://graph.contoso.com/", "graphRoot", "https://graph.contoso.com"],
    ["LOGIN_API_ROOT", "http://127.0.0.1:8080/login/", "loginRoot", "http://127.0.0.1:8080/login"],
    ["GRAPH_API_ROOT", "http://[::1]:8080", "graphRoot", "http://[::1]:8080"],
    ["DEFENDER_CLOUD", "GCC-High", "graphRoot", "https://graph.microsoft.us"],
    ["DEFENDER_CLOUD", "dod", "loginRoot", "https://login.microsoftonline.us"],
  ])("%s=%s", (variable, text, path, value) => {
    expect(only({ [variable]: text })).toHaveProperty(path, value);
  });

  it.each([
    ["COMMENT_SETTLE", "200ms", "commentSettleMs", 200],
    ["RESULT_TTL", "30d", "resultTtlMs", 2_592_000_000],
    ["BULK_RESULT_TTL", "30d", "bulkResultTtlMs", 2_592_000_000],
    ["RESULT_INLINE_BYTES", "256KB", "inlineLimit.bytes", 262_144],
    ["RESULT_MEMORY", "2gb", "resultMemory", 2_147_483_648],
    ["RESULT_MEMORY", "0", "resultMemory", 0],
    ["RESULT_INLINE_BYTES", "2000", "inlineLimit.bytes", 2_000],
    ["WORKER_PORT", "9464", "listen", { host: "127.0.0.1", port: 9_464 }],
    ["COMMENT_REFERENCE", "case", "commentReference", "case"],
    ["STRICT_DETERMINATION", "yes", "strictDetermination", true],
    ["LOG_LEVEL", "DEBUG", "logLevel", "debug"],
  ])("%s=%s", (variable, text, path, value) => {
    expect(worker({ [variable]: text })).toHaveProperty(path, value);
  });
});

describe("bad configuration is refused, naming the variable, what was given and what is allowed", () => {
  it.each([
    ["AZURE_TENANT_ID", "common", "not common"],
    ["DEFENDER_CLOUD", "china", "no security API"],
    ["GRAPH_API_ROOT", "http://graph.contoso.com", "http only on loopback"],
    ["GRAPH_API_ROOT", "http://localhost.contoso.com", "http only on loopback"],
    ["GRAPH_API_ROOT", "https://graph.contoso.com?x=1", "without user, query"],
    ["LOGIN_API_ROOT", "login.contoso.com", "https URL"],
    ["DEFENDER_INCIDENT_LIMITS", "45", "45/1m,1500/1h"],
    ["DEFENDER_INCIDENT_LIMITS", "45/1m,50/60s", "45/1m,1500/1h"],
    ["DEFENDER_HUNTING_LIMITS", "0/1m", "45/1m,1500/1h"],
    ["BULK_SHARE", "0%", "1% to 100%"],
    ["BULK_SHARE", "80", "1% to 100%"],
    ["LANES", "incidents,alerts", "incidents, hunting"],
    ["VERIFY_SSL", "maybe", "true or false"],
    ["WORKER_CONCURRENCY", "0", "1 to 1000"],
    ["WORKER_PORT", "70000", "0 to 65535"],
    ["COMMENT_SETTLE", "60", "60s"],
    ["RESULT_TTL", "forever", "7d"],
    ["RESULT_INLINE_BYTES", "1gb", "0 to 64mb"],
    ["RESULT_INLINE_BYTES", "1.5mb", "512kb"],
    ["RESULT_MEMORY", "half", "256mb"],
    ["COMMENT_REFERENCE", "maybe", "on, case, off"],
    ["LOG_LEVEL", "loud", "info"],
    ["INSTANCES", "Contoso", "a-z, 0-9 and -"],
    ["QUEUE_PREFIX", "{soar}", "letters"],
    ["REDIS_MODE", "swarm", "single, sentinel, cluster"],
  ])("%s=%s", (variable, text, allowed) => {
    const message = refusal(() => worker({ [variable]: text }));
    expect(message).toMatch(new RegExp(`^${variable}: given `));
    expect(message).toContain(text);
    expect(message).toContain(allowed);
  });

  it("all at once", () => {
    const message = refusal(() => loadWorkerConfig({ LOG_LEVEL: "loud", REDIS_URL: "http://x" }));
    const variables = message.split("\n").map((line) => line.split(":")[0]);
    expect(variables).toEqual([
      "REDIS_URL",
      "LOG_LEVEL",
      "AZURE_TENANT_ID",
      "AZURE_CLIENT_ID",
      "AZURE_CLIENT_SECRET",
    ]);
  });

  it.each([
    [{ HTTPS_PROXY: "socks5://user:canary-secret@proxy" }],
    [{ REDIS_URL: "redis://user:canary-secret@" }],
    [{ REDIS_URL: "rediss://user:canary-secret@a:1,b:2" }],
    [{ AZURE_CLIENT_SECRET_FILE: "/run/secrets/azure" }],
    [{ AZURE_FEDERATED_TOKEN_FILE: "/run/secrets/token" }],
    [{ AZURE_CLIENT_CERTIFICATE_PASSWORD: "canary-secret" }],
  ])("without repeating a secret: %o", (variables) => {
    const message = refusal(() => worker(variables));
    expect(message).toContain(Object.keys(variables)[0]);
    expect(message).not.toContain("canary-secret");
  });
});

describe("producers and the board", () => {
  it("need no credential", () => {
    expect(loadProducerConfig({ QUEUE_PREFIX: "soar-2" }).redis.prefix).toBe("soar-2");
    expect(loadOpsConfig({ OPS_WRITES: "on", OPS_PORT: "0" })).toMatchObject({
      host: "127.0.0.1",
      port: 0,
      writable: true,
    });
  });

  it.each(["10.0.0.0/33", "::/129", "proxy.example", "10.0.0.5/", "10.0.0.0/8/8", "10.0.0"])(
    "trust no proxy but addresses and networks: %s",
    (given) => {
      const message = `OPS_TRUSTED_PROXIES: given "${given}"; allowed: addresses or networks such as 10.0.0.5,10.1.0.0/16`;
      expect(refusal(() => loadOpsConfig({ OPS_TRUSTED_PROXIES: given }))).toBe(message);
      const trusted = { OPS_TRUSTED_PROXIES: "10.0.0.5, fd00::/8" };
      expect(loadOpsConfig(trusted)).toMatchObject({ trustedProxies: ["10.0.0.5", "fd00::/8"] });
    },
  );

  it.each([
    [{ REDIS_MODE: "sentinel" }, "REDIS_SENTINEL_NAME"],
    [{ REDIS_SENTINEL_NAME: "main" }, "REDIS_SENTINEL_NAME"],
    [{ REDIS_URL: "redis://a,b" }, "REDIS_URL"],
    [{ REDIS_MODE: "cluster", REDIS_URL: "redis://a,b/3" }, "REDIS_URL"],
  ])("refuse what does not fit together: %o", (variables, variable) => {
    expect(refusal(() => loadProducerConfig(variables))).toMatch(new RegExp(`^${variable}:`));
  });
});

it("any mix of junk is either refused as invalid_input or accepted, and never leaks the secret", () => {
  const names = [...VARIABLES].filter((name) => !name.includes("SECRET"));
  const junk = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(fc.string(), fc.constantFrom("1", "a,b", "45/1m")),
  );
  fc.assert(
    fc.property(junk, (variables) => {
      try {
        loadWorkerConfig({ ...APP, ...variables });
      } catch (error) {
        expect(error).toHaveProperty("code", "invalid_input");
        expect(String(error)).not.toContain(APP.AZURE_CLIENT_SECRET);
      }
    }),
  );
});

it(".env.example lists every variable, with the true defaults", () => {
  const text = readFileSync(new URL("../.env.example", import.meta.url), "utf8");
  const lines = [...text.matchAll(/^(#?)([A-Z_]+)=(.*)$/gm)].map(([, off, name, value]) => ({
    off,
    name,
    value,
  }));
  const readByNode = "NODE_EXTRA_CA_CERTS";
  expect(new Set(lines.map(({ name }) => name))).toEqual(new Set([...VARIABLES, readByNode]));
  const shown = Object.fromEntries(
    lines.filter(({ off }) => off === "").map(({ name, value }) => [name, value]),
  );
  expect(loadWorkerConfig({ ...shown, ...APP })).toEqual(loadWorkerConfig(APP));
  expect(loadOpsConfig(shown)).toEqual(loadOpsConfig({}));
});
