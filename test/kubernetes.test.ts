/** The Kubernetes example, held against Kubernetes' own schemas and our configuration. */
import { readFileSync } from "node:fs";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { loadOpsConfig, loadWorkerConfig, VARIABLES } from "../src/config.ts";
import { cheapHash } from "./ops/session.ts";

const text = readFileSync(new URL("../docs/kubernetes.yml", import.meta.url), "utf8");
const documents = parseAllDocuments(text).map((document) =>
  z.looseObject({ kind: z.string() }).parse(document.toJS()),
);
/** Whatever it is: the schemas of Kubernetes judge it. */
const model = {
  map: z.custom<ConstructorParameters<typeof ConfigMap>[0]>(),
  deployment: z.custom<ConstructorParameters<typeof Deployment>[0]>(),
  scaled: z.custom<ConstructorParameters<typeof ScaledObject>[0]>(),
  service: z.custom<ConstructorParameters<typeof Service>[0]>(),
};
const of = (kind: string) => documents.filter((document) => document.kind === kind);

const containerSchema = z.object({
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
  livenessProbe: z.object({ httpGet: z.object({ path: z.string() }) }),
  readinessProbe: z.object({ httpGet: z.object({ path: z.string() }) }),
  securityContext: z.record(z.string(), z.unknown()),
});
const deploymentSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        terminationGracePeriodSeconds: z.number().default(30),
        securityContext: z.record(z.string(), z.unknown()),
        containers: z.tuple([containerSchema]),
      }),
    }),
  }),
});
const scaledSchema = z.object({
  spec: z.object({
    scaleTargetRef: z.object({ name: z.string() }),
    triggers: z.tuple([
      z.object({ type: z.literal("prometheus"), metadata: z.object({ query: z.string() }) }),
    ]),
  }),
});
const pods = of("Deployment").map((document) => deploymentSchema.parse(document).spec.template.spec);

/** As the pod gives them, with what comes from a secret made up. */
function environmentOf(command: string): Record<string, string> {
  const pod = pods.find(({ containers: [{ args }] }) => args[0] === command);
  const secrets: Record<string, string> = {
    REDIS_URL: "redis://redis:6379",
    AZURE_CLIENT_SECRET: "secret",
    OPS_USERS: `ada:viewer:${cheapHash("correct horse")}`,
    OPS_SESSION_SECRET: "a secret that is long enough for ops",
  };
  const env = pod?.containers[0].env ?? [];
  return Object.fromEntries(env.map(({ name, value }) => [name, value ?? secrets[name] ?? ""]));
}

describe("the Kubernetes example", () => {
  it("is what Kubernetes' schemas allow", () => {
    expect(documents.map(({ kind }) => kind)).toEqual([
      "ConfigMap",
      "Deployment",
      "Deployment",
      "Service",
      "ScaledObject",
    ]);
    for (const document of of("ConfigMap")) new ConfigMap(model.map.parse(document)).validate();
    for (const document of of("Deployment")) new Deployment(model.deployment.parse(document)).validate();
    for (const document of of("Service")) new Service(model.service.parse(document)).validate();
    for (const document of of("ScaledObject")) new ScaledObject(model.scaled.parse(document)).validate();
    expect(() => new ScaledObject(model.scaled.parse({ spec: { triggers: "none" } })).validate()).toThrow();
    expect(() => new Deployment(model.deployment.parse({ spec: { replicas: "two" } })).validate()).toThrow();
  });

  it("scales the worker by metrics that there are", () => {
    const { scaleTargetRef, triggers } = scaledSchema.parse(of("ScaledObject")[0]).spec;
    expect(text).toContain(`kind: Deployment\nmetadata: { name: ${scaleTargetRef.name} }`);
    const metrics = ["queue-metrics", "worker-metrics"].map((name) =>
      readFileSync(new URL(`../src/ops/${name}.ts`, import.meta.url), "utf8"),
    );
    const asked = triggers[0].metadata.query.match(/defender_\w+/g) ?? [];
    expect(asked.length).toBeGreaterThan(1);
    for (const name of asked) expect(metrics.join("")).toContain(`"${name}"`);
  });

  it("starts commands with a configuration that they accept", () => {
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(of("ConfigMap")[0]);
    const worker = loadWorkerConfig({ ...data, ...environmentOf("worker") });
    expect(worker.listen).toEqual({ host: "0.0.0.0", port: 9_464 });
    const [pod] = pods;
    expect((pod?.terminationGracePeriodSeconds ?? 0) * 1_000).toBeGreaterThan(worker.shutdownTimeoutMs);
    expect(loadOpsConfig(environmentOf("ops")).users).toMatchObject({ listed: [{ name: "ada" }] });
    const names = [
      ...Object.keys(data),
      ...Object.keys(environmentOf("worker")),
      ...Object.keys(environmentOf("ops")),
    ];
    expect(names.filter((name) => !VARIABLES.has(name))).toEqual([]);
  });

  it("runs as nobody in particular, on a read-only disk, and asks the probes that there are", () => {
    expect(pods).toHaveLength(2);
    for (const { securityContext, containers } of pods) {
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001 });
      const [container] = containers;
      expect(container.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(container.livenessProbe.httpGet.path).toBe("/livez");
      expect(container.readinessProbe.httpGet.path).toBe("/readyz");
    }
  });
});
