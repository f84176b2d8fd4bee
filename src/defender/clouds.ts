/** Microsoft's clouds by name. Data only: configuration reads it, also where no Defender code may be loaded. */

/** Origins per cloud; GCC tenants live on the global Graph. China has no security API and is left out. */
export const CLOUD_ROOTS = {
  global: {
    login: "https://login.microsoftonline.com",
    graph: "https://graph.microsoft.com",
    portal: "https://security.microsoft.com",
  },
  gcc: {
    login: "https://login.microsoftonline.com",
    graph: "https://graph.microsoft.com",
    portal: "https://security.microsoft.com",
  },
  "gcc-high": {
    login: "https://login.microsoftonline.us",
    graph: "https://graph.microsoft.us",
    portal: "https://security.microsoft.us",
  },
  dod: {
    login: "https://login.microsoftonline.us",
    graph: "https://dod-graph.microsoft.us",
    portal: "https://security.apps.mil",
  },
} as const satisfies Record<string, { login: string; graph: string; portal: string }>;

export type Cloud = keyof typeof CLOUD_ROOTS;
