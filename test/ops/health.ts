/** How tests read health and metrics. */
import { z } from "zod";
import { ask } from "./http.ts";

export const health = async (url: string, path: string) => {
  const { status, body } = await ask(`${url}${path}`);
  return { status, body: z.record(z.string(), z.unknown()).parse(JSON.parse(body)) };
};
export const metrics = async (url: string) => (await ask(`${url}/metrics`)).body;

/** The value of a series, whatever the order of its labels. */
export function seriesOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const line = text
    .split("\n")
    .find(
      (each) =>
        /^\w+/.exec(each)?.[0] === name &&
        Object.entries(labels).every(([label, value]) => each.includes(`${label}="${value}"`)),
    );
  return line === undefined ? null : Number(line.split(" ").at(-1));
}
