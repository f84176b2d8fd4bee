/** The token endpoint of the login host, the tokens it issued, and the bearer check of Graph's routes. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { type Answer, type Call, GraphError } from "./answer.ts";
import { parseJson } from "./json.ts";
import { loginJson, OAuthError } from "./oauth.ts";

export interface App {
  tenant: string;
  clientId: string;
  clientSecret: string;
}

export interface Caller {
  tenant: string;
  clientId: string;
  roles: readonly string[];
  expiresAtMs: number;
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export class Tokens {
  readonly #apps: App[];
  readonly #issued = new Map<string, Caller>();

  constructor(apps: readonly App[]) {
    this.#apps = [...apps];
  }

  addApp(app: App): void {
    this.#apps.push(app);
  }

  /** Makes every token that was issued so far an unknown one. */
  revokeAll(): void {
    this.#issued.clear();
  }

  /** `POST /{tenant}/oauth2/v2.0/token`. */
  issue(call: Call, settings: { roles: readonly string[]; tokenLifetimeSeconds: number }): Answer {
    return this.#answer(call, () => {
      const app = this.#authenticate(call);
      const token = `simulated.${randomBytes(48).toString("base64url")}`;
      const expiresIn = settings.tokenLifetimeSeconds;
      this.#issued.set(token, {
        tenant: app.tenant,
        clientId: app.clientId,
        roles: settings.roles,
        expiresAtMs: Date.now() + expiresIn * 1000,
      });
      return loginJson(200, {
        token_type: "Bearer",
        expires_in: expiresIn,
        ext_expires_in: expiresIn,
        access_token: token,
      });
    });
  }

  /** `GET /{tenant}/v2.0/.well-known/openid-configuration`. */
  discover(call: Call): Answer {
    const tenant = call.params["tenant"] ?? "";
    return this.#answer(call, () => {
      this.#appsOf(tenant);
      const root = `${call.origin}/${tenant}`;
      return loginJson(200, {
        token_endpoint: `${root}/oauth2/v2.0/token`,
        authorization_endpoint: `${root}/oauth2/v2.0/authorize`,
        token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
        jwks_uri: `${root}/discovery/v2.0/keys`,
        issuer: `${root}/v2.0`,
        response_types_supported: ["code"],
        subject_types_supported: ["pairwise"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    });
  }

  #answer(call: Call, serve: () => Answer): Answer {
    try {
      return serve();
    } catch (error) {
      if (error instanceof OAuthError) return error.toAnswer(call);
      throw error;
    }
  }

  /** Who calls. Throws the 401 of a missing, unknown or expired token (reference: 1.10). */
  caller(call: Call): Caller {
    const header = call.headers["authorization"];
    const [, token] = /^Bearer (.+)$/i.exec(typeof header === "string" ? header : "") ?? [];
    if (token === undefined) throw unauthorized("Access token is empty.");
    const caller = this.#issued.get(token);
    if (caller === undefined) {
      throw unauthorized("CompactToken validation failed with reason code: 80049228.");
    }
    if (caller.expiresAtMs <= Date.now()) {
      throw unauthorized("Lifetime validation failed, the token is expired.");
    }
    return caller;
  }

  #appsOf(tenant: string): App[] {
    if (tenant === "common" || tenant === "organizations") {
      throw new OAuthError(400, "invalid_request", 9001023, `The endpoint does not accept '${tenant}'.`);
    }
    const apps = this.#apps.filter((app) => app.tenant === tenant);
    if (apps.length === 0) {
      throw new OAuthError(
        400,
        "invalid_request",
        90002,
        `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID.`,
      );
    }
    return apps;
  }

  #authenticate(call: Call): App {
    const form = new URLSearchParams(call.body);
    const apps = this.#appsOf(call.params["tenant"] ?? "");
    if (form.get("grant_type") !== "client_credentials") {
      throw new OAuthError(
        400,
        "unsupported_grant_type",
        70003,
        "The app requested an unsupported grant type.",
      );
    }
    const clientId = form.get("client_id") ?? "";
    const app = apps.find((known) => known.clientId === clientId);
    if (app === undefined) {
      throw new OAuthError(
        400,
        "unauthorized_client",
        700016,
        `Application with identifier '${clientId}' was not found in the directory.`,
      );
    }
    checkScope(form.get("scope") ?? "", call.origin);
    checkCredential(form, app);
    return app;
  }
}

function checkScope(scope: string, origin: string): void {
  const resource = scope.endsWith("/.default") ? scope.slice(0, -"/.default".length) : undefined;
  if (resource === undefined) {
    throw new OAuthError(
      400,
      "invalid_scope",
      70011,
      `The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid.`,
    );
  }
  if (resource !== origin && resource !== "https://graph.microsoft.com") {
    throw new OAuthError(
      400,
      "invalid_resource",
      500011,
      `The resource principal named ${resource} was not found in the tenant.`,
    );
  }
}

const assertionClaims = z.object({ iss: z.string(), sub: z.string(), aud: z.string().min(1) });

function checkCredential(form: URLSearchParams, app: App): void {
  const secret = form.get("client_secret");
  const assertion = form.get("client_assertion");
  if (secret !== null) {
    if (secret === app.clientSecret) return;
    throw new OAuthError(
      401,
      "invalid_client",
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app.clientId}'.`,
    );
  }
  if (assertion === null || form.get("client_assertion_type") !== assertionType) {
    throw new OAuthError(
      401,
      "invalid_client",
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  }
  // Only its shape: the signature is not checked. An issuer elsewhere is a federated identity, whose subject is its own.
  const payload = Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString();
  const claims = assertionClaims.safeParse(parseJson(payload));
  const isOwn =
    claims.success && (claims.data.iss === app.clientId || claims.data.iss.startsWith("https://"));
  if (!isOwn || (claims.data.iss === app.clientId && claims.data.sub !== app.clientId)) {
    throw new OAuthError(
      401,
      "invalid_client",
      700027,
      "The certificate with identifier used to sign the client assertion is not registered on application.",
    );
  }
}

function unauthorized(message: string): GraphError {
  return new GraphError(401, "InvalidAuthenticationToken", message, {
    "www-authenticate":
      'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"',
  });
}

/** Throws the 403 of a token that lacks every one of these roles (reference: 1.10). */
export function requireRole(caller: Caller, anyOf: readonly string[]): void {
  if (anyOf.some((role) => caller.roles.includes(role))) return;
  throw new GraphError(
    403,
    "Forbidden",
    `Missing application roles. API required roles: ${anyOf.join(",")}, application roles: ${caller.roles.join(",")}.`,
  );
}
