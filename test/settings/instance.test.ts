import { describe, expect, it } from "vitest";
import { loadWorkerConfig } from "../../src/config.ts";
import { APP, refusal } from "../support/variables.ts";

const CONTOSO = {
  INSTANCES: "contoso",
  CONTOSO__AZURE_TENANT_ID: "contoso.onmicrosoft.com",
  CONTOSO__AZURE_CLIENT_ID: "33333333-3333-3333-3333-333333333333",
  CONTOSO__AZURE_CLIENT_SECRET: "canary-secret",
};

type Variables = Record<string, string>;

describe("the credential", () => {
  const { AZURE_CLIENT_SECRET: _, ...identity } = APP;
  const credential = (variables: Variables) =>
    loadWorkerConfig({ ...identity, ...variables }).instances[0]?.credential;

  it("may be a secret in a file, a certificate, or a federated token", () => {
    expect(credential({ AZURE_CLIENT_SECRET_FILE: "/s" })).toEqual({
      kind: "secret",
      secret: { file: "/s" },
    });
    expect(credential({ AZURE_FEDERATED_TOKEN_FILE: "/t" })).toEqual({ kind: "federated", tokenFile: "/t" });
    expect(credential({ AZURE_CLIENT_CERTIFICATE_PATH: "/c" })).toEqual({
      kind: "certificate",
      path: "/c",
      password: null,
    });
    expect(
      credential({ AZURE_CLIENT_CERTIFICATE_PATH: "/c", AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE: "/p" }),
    ).toMatchObject({ password: { file: "/p" } });
  });
});

describe("instances", () => {
  const names = (variables: Variables) => loadWorkerConfig(variables).instances.map(({ name }) => name);

  it("have variables with their name in front; the unprefixed ones add `default`", () => {
    expect(names(CONTOSO)).toEqual(["contoso"]);
    expect(names({ ...APP, ...CONTOSO })).toEqual(["default", "contoso"]);
  });

  it("write `-` as `_`, and are told which variable of theirs is missing", () => {
    const message = refusal(() => loadWorkerConfig({ ...CONTOSO, INSTANCES: "contoso,fabrikam-eu" }));
    expect(message).toContain("FABRIKAM_EU__AZURE_TENANT_ID: given nothing");
    expect(message).not.toContain("CONTOSO__");
  });

  it("take what is not identity from the unprefixed variable, unless they have their own", () => {
    const shared = { ...CONTOSO, GRAPH_API_ROOT: "http://localhost:1", LANES: "hunting" };
    expect(loadWorkerConfig(shared).instances[0]).toMatchObject({
      graphRoot: "http://localhost:1",
      lanes: ["hunting"],
    });
    expect(loadWorkerConfig({ ...shared, CONTOSO__LANES: "incidents" }).instances[0]?.lanes).toEqual([
      "incidents",
    ]);
  });

  it("with a cloud of their own are not sent to the roots of another", () => {
    const variables = {
      ...CONTOSO,
      GRAPH_API_ROOT: "https://graph.microsoft.us",
      CONTOSO__DEFENDER_CLOUD: "dod",
    };
    expect(loadWorkerConfig(variables).instances[0]?.graphRoot).toBe("https://dod-graph.microsoft.us");
  });

  const sameTenant = { ...APP, ...CONTOSO, CONTOSO__AZURE_TENANT_ID: APP.AZURE_TENANT_ID.toUpperCase() };

  it("on one tenant must agree on the hunting limits, whatever their apps", () => {
    const message = refusal(() =>
      loadWorkerConfig({ ...sameTenant, CONTOSO__DEFENDER_HUNTING_LIMITS: "9/1m" }),
    );
    expect(message).toContain("CONTOSO__DEFENDER_HUNTING_LIMITS: contoso and default");
  });

  it("on one tenant must agree on the incident limits only when they are one app", () => {
    const differing = { ...sameTenant, CONTOSO__DEFENDER_INCIDENT_LIMITS: "9/1m" };
    expect(names(differing)).toHaveLength(2);
    const message = refusal(() =>
      loadWorkerConfig({ ...differing, CONTOSO__AZURE_CLIENT_ID: APP.AZURE_CLIENT_ID }),
    );
    expect(message).toContain("CONTOSO__DEFENDER_INCIDENT_LIMITS: contoso and default");
  });
});
