/** What a refused token request means: the table of `defender-api.md` 5.3. Entra's own text is left out, for it may quote the request. */
import { z } from "zod";
import { Failure } from "../contract/failure.ts";
import { parseJson } from "./graph-error.ts";
import { describeLost } from "./lost.ts";
import { type Exchange, textOf } from "./transport.ts";

interface Refusal {
  numbers: readonly number[];
  meaning: string;
  hint: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    numbers: [7000215],
    meaning: "the client secret is wrong",
    hint: "Put the secret's value, not its id, into AZURE_CLIENT_SECRET.",
  },
  {
    numbers: [7000222],
    meaning: "the client secret has expired",
    hint: "Create a new client secret for the app and put its value into AZURE_CLIENT_SECRET (or its file).",
  },
  {
    numbers: [700027],
    meaning: "the certificate or its signature is not known",
    hint: "Upload the certificate of AZURE_CLIENT_CERTIFICATE_PATH to the app, and check that the private key belongs to it.",
  },
  {
    numbers: [7000218],
    meaning: "the credential is missing",
    hint: "Set AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE.",
  },
  {
    numbers: [700016],
    meaning: "the app does not exist in this tenant",
    hint: "Check AZURE_CLIENT_ID and AZURE_TENANT_ID against the app registration.",
  },
  {
    numbers: [7000112],
    meaning: "the app is disabled",
    hint: "Enable sign-in for the app under Enterprise applications in Entra ID.",
  },
  {
    numbers: [90002],
    meaning: "the tenant does not exist or has no subscription",
    hint: "Check AZURE_TENANT_ID, and that DEFENDER_CLOUD is the cloud of that tenant.",
  },
  {
    numbers: [90038, 900382, 900432],
    meaning: "the tenant or the resource belongs to another national cloud",
    hint: "Set DEFENDER_CLOUD to the cloud of the tenant: global, gcc, gcc-high or dod.",
  },
  {
    numbers: [500011],
    meaning: "the tenant does not know the resource that a token was asked for",
    hint: "Check GRAPH_API_ROOT and DEFENDER_CLOUD: the resource must be the Graph host of the tenant's cloud.",
  },
  {
    numbers: [70011],
    meaning: "the scope is malformed",
    hint: "GRAPH_API_ROOT must be an origin such as https://graph.microsoft.com, without a path.",
  },
  {
    numbers: [9001023, 90124, 90130],
    meaning: "a tenant must be named",
    hint: "Set AZURE_TENANT_ID to the tenant's id or domain; common and organizations are not accepted.",
  },
  {
    numbers: [9002313, 90023],
    meaning: "the request is malformed",
    hint: "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the credential for stray characters.",
  },
  {
    numbers: [65001],
    meaning: "consent is missing",
    hint: "Let an administrator grant consent for the app's Microsoft Graph application permissions.",
  },
  {
    numbers: [53003],
    meaning: "a conditional access policy blocks the app",
    hint: "Allow this worker's address in the policy for workload identities, or leave the app out of it.",
  },
  {
    numbers: [50034],
    meaning: "a user was not found, which no app credential asks for",
    hint: "Check that LOGIN_API_ROOT leads to Entra ID.",
  },
];

const TRANSIENT: readonly number[] = [90033, 90024, 90055];

const refusalSchema = z.looseObject({
  error: z.string(),
  error_codes: z.array(z.number()).optional().catch(undefined),
});

const WHO = "Entra ID";

/** The Failure for a token request that brought no token. */
export function entraFault(exchange: Exchange): Failure {
  if (exchange.outcome !== "answered") {
    const outcome = exchange.outcome === "unsent" ? "unsent" : "unanswered";
    const { message, hint } = describeLost(WHO, outcome, exchange.cause);
    return new Failure("defender_unavailable", message, { hint });
  }
  const { status } = exchange;
  const parsed = refusalSchema.safeParse(parseJson(textOf(exchange)));
  const error = parsed.success ? parsed.data.error : undefined;
  const number = parsed.success ? parsed.data.error_codes?.[0] : undefined;
  const details = { httpStatus: status, ...(number === undefined ? {} : { graphCode: String(number) }) };
  const isTransient =
    status === 429 || status >= 500 || error === "temporarily_unavailable" || TRANSIENT.includes(number ?? 0);
  if (isTransient) {
    const label = number === undefined ? status : `AADSTS${number}`;
    return new Failure("defender_unavailable", `${WHO} is not available for now (${label})`, {
      ...details,
      hint: "A fault or throttling at Microsoft's login service; it is asked again by itself.",
    });
  }
  if (error === undefined) {
    return new Failure("defender_unavailable", `${WHO} sent no token (HTTP ${status})`, {
      ...details,
      hint: "Check that LOGIN_API_ROOT is Entra ID's login host, such as https://login.microsoftonline.com, and that no proxy answers in its place.",
    });
  }
  const known = REFUSALS.find(({ numbers }) => number !== undefined && numbers.includes(number));
  const label = number === undefined ? oauthName(error) : `AADSTS${number}`;
  return new Failure(
    "auth_failed",
    `${WHO} refused the credential: ${known?.meaning ?? oauthName(error)} (${label})`,
    {
      ...details,
      hint: known?.hint ?? `Look up what ${label} means in Microsoft's list of Entra ID error codes.`,
    },
  );
}

/** OAuth's `error` is a fixed word; anything else is not repeated. */
function oauthName(error: string): string {
  return /^[a-z_]{1,40}$/.test(error) ? error : "unknown error";
}
