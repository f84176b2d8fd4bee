/** One token request to Entra ID: client credentials through MSAL, over the same way as Graph calls. */
import type { INetworkModule, NetworkRequestOptions } from "@azure/msal-node";
import type { InstanceConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import { readCredential } from "./credential.ts";
import { entraFault } from "./entra-faults.ts";
import { DEADLINE } from "./lost.ts";
import type { Token } from "./token.ts";
import { type Exchange, type Outgoing, type Transport, textOf } from "./transport.ts";

const ANSWER_BYTES = 1024 * 1024;

/**
 * Asks for a token; `claims` is JSON text from a challenge. Throws `auth_failed` or `defender_unavailable`. A client is
 * made for each request: MSAL's own remembers failures for a minute, and secrets for ever.
 */
export async function requestToken(
  config: InstanceConfig,
  transport: Transport,
  deadlineMs: number,
  claims?: string,
): Promise<Token> {
  const [{ ConfidentialClientApplication }, credential] = await Promise.all([
    import("@azure/msal-node"), // Heavy: loaded with the first token, so that a worker is ready before.
    readCredential(config.credential),
  ]);
  const network = new TokenNetwork(transport, deadlineMs);
  try {
    const client = new ConfidentialClientApplication({
      auth: { clientId: config.clientId, ...credential, ...authorityOf(config) },
      system: { networkClient: network },
    });
    const result = await client.acquireTokenByClientCredential({
      scopes: [`${config.graphRoot}/.default`],
      ...(claims === undefined ? {} : { claims }),
    });
    if (result?.accessToken && result.expiresOn !== null) {
      return { text: result.accessToken, expiresAtMs: result.expiresOn.getTime() };
    }
  } catch {
    // MSAL's error may quote the request; what was exchanged tells more.
  }
  if (network.last !== undefined) throw entraFault(network.last);
  throw new Failure("auth_failed", "The credential cannot be used for a token request", {
    hint: "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the credential; AZURE_TENANT_ID is a tenant's id or domain.",
  });
}

/** Endpoints spelled out, so that no host, known to MSAL or not, is asked for them. MSAL insists on `https` for the authority alone. */
function authorityOf({ loginRoot, tenantId }: InstanceConfig) {
  const { host } = new URL(loginRoot);
  const tenant = encodeURIComponent(tenantId);
  const base = `${loginRoot}/${tenant}`;
  return {
    authority: `https://${host}/${tenant}`,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      issuer: `${base}/v2.0`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    }),
  };
}

/** MSAL's way out. It keeps the last exchange, which says why there is no token. */
class TokenNetwork implements INetworkModule {
  last: Exchange | undefined;
  readonly #transport: Transport;
  readonly #deadlineMs: number;

  constructor(transport: Transport, deadlineMs: number) {
    this.#transport = transport;
    this.#deadlineMs = deadlineMs;
  }

  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions) {
    return this.#send<T>("GET", url, options);
  }

  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions) {
    return this.#send<T>("POST", url, options);
  }

  async #send<T>(
    method: Outgoing["method"],
    url: string,
    { headers = {}, body }: NetworkRequestOptions = {},
  ) {
    const deadline = AbortSignal.timeout(this.#deadlineMs);
    const exchange = await this.#transport.send({
      method,
      url,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: deadline,
      maxAnswerBytes: ANSWER_BYTES,
    });
    this.last = exchange;
    if (exchange.outcome !== "answered") {
      if (deadline.aborted) this.last = { outcome: exchange.outcome, cause: DEADLINE };
      throw new Error(exchange.outcome);
    }
    const parsed: T = JSON.parse(textOf(exchange));
    return { status: exchange.status, headers: { ...exchange.headers }, body: parsed };
  }
}
