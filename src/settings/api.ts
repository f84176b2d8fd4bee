/** How the API server listens, and how much it takes from one caller. */
import { z } from "zod";
import { integer, limits, type Window } from "./fields.ts";

export interface ApiSettings {
  host: string;
  port: number;
  /** Where tokens are listed; null: whoever is on this machine may call. */
  tokens: { listed: string; file: string | null } | null;
  /** Requests of one caller to one process. */
  rate: Window;
  bodyLimitBytes: number;
  tls: { certFile: string; keyFile: string } | null;
}

export const apiVariables = z
  .object({
    API_HOST: z.string().default("127.0.0.1"),
    API_PORT: integer(0, 65_535).prefault("3001"),
    API_TOKENS: z.string().optional(),
    API_TOKENS_FILE: z.string().optional(),
    API_RATE_LIMIT: limits
      .refine((windows) => windows.length === 1, { error: "given several; allowed: one, such as 1000/1s" })
      .prefault("1000/1s"),
    API_BODY_LIMIT: integer(1_024, 67_108_864).prefault("1048576"),
    API_TLS_CERT_FILE: z.string().optional(),
    API_TLS_KEY_FILE: z.string().optional(),
  })
  .superRefine((given, context) => {
    const { API_TLS_CERT_FILE: cert, API_TLS_KEY_FILE: key } = given;
    if ((cert === undefined) === (key === undefined)) return;
    const [missing, there] =
      cert === undefined
        ? ["API_TLS_CERT_FILE", "API_TLS_KEY_FILE"]
        : ["API_TLS_KEY_FILE", "API_TLS_CERT_FILE"];
    context.addIssue({
      code: "custom",
      path: [missing],
      message: `given nothing; allowed: a file, beside ${there}`,
    });
  });

export function toApiSettings(given: z.output<typeof apiVariables>): ApiSettings {
  const { API_TOKENS: listed, API_TOKENS_FILE: file } = given;
  const { API_TLS_CERT_FILE: certFile, API_TLS_KEY_FILE: keyFile } = given;
  const [rate = { calls: 1_000, windowMs: 1_000 }] = given.API_RATE_LIMIT;
  return {
    host: given.API_HOST,
    port: given.API_PORT,
    tokens: listed === undefined && file === undefined ? null : { listed: listed ?? "", file: file ?? null },
    rate,
    bodyLimitBytes: given.API_BODY_LIMIT,
    tls: certFile === undefined || keyFile === undefined ? null : { certFile, keyFile },
  };
}
