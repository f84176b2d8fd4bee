/** Words for an exchange that brought no answer, by the code of its cause. Microsoft Graph and Entra ID share them. */

/** Our own deadline ended the exchange. */
export const DEADLINE = "DEADLINE";
/** The caller ended it: the job was cancelled, lost its lock, or the worker stops. */
export const STOPPED = "STOPPED";

interface Lost {
  message: string;
  hint: string;
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

export function describeLost(who: string, outcome: "unsent" | "unanswered", cause: string): Lost {
  const reached = outcome === "unsent" ? "could not be reached" : "did not answer";
  if (cause === STOPPED) {
    return {
      message: `The call was stopped by this worker before ${who} answered`,
      hint: "The worker was stopping or the job was taken back; it can be run again.",
    };
  }
  if (cause === DEADLINE) {
    return {
      message: `${who} ${reached} in time`,
      hint: "Check the network between this worker and Microsoft, and the service health of the tenant.",
    };
  }
  return { message: `${who} ${reached} (${cause})`, hint: hintFor(cause) };
}

function hintFor(cause: string): string {
  if (CERTIFICATE.test(cause)) {
    return "The TLS certificate is not trusted: name the CA's file in NODE_EXTRA_CA_CERTS (VERIFY_SSL=false only to find out).";
  }
  switch (cause) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "The host name does not resolve: check DNS, the API roots, and whether HTTPS_PROXY is needed.";
    case "ECONNREFUSED":
      return "Nothing listens there: check the API roots, HTTPS_PROXY and the firewall.";
    case "PROXY_407":
      return "The proxy asks for credentials: put them into HTTPS_PROXY.";
  }
  if (cause.startsWith("PROXY_"))
    return "The proxy refuses the connection: allow the login host and the Graph host there.";
  return "Check the network, the proxy and the firewall between this worker and Microsoft.";
}
