/** The token of a caller that has nothing of this project: asked for once, and never renewed. */
import axios from "axios";
import { z } from "zod";

const tokenSchema = z.object({ access_token: z.string() });

export interface TokenRequest {
  loginRoot: string;
  graphRoot: string;
  tenantId: string;
  clientId: string;
  clientSecret: string;
}

export async function requestToken({
  loginRoot,
  graphRoot,
  tenantId,
  clientId,
  clientSecret,
}: TokenRequest): Promise<string> {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    scope: `${graphRoot}/.default`,
  });
  const { data } = await axios.post<unknown>(`${loginRoot}/${tenantId}/oauth2/v2.0/token`, form);
  return tokenSchema.parse(data).access_token;
}
