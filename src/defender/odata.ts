/** Text from outside in Graph URLs: as a query option or a path segment, never as syntax. */
import { Failure } from "../contract/failure.ts";

/** Query options with percent-encoding throughout (a `+` would reach OData as itself); undefined ones are left out. */
export function queryOptions(options: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
  return text === "" ? "" : `?${text}`;
}

/** One segment of a path. Throws `invalid_input` for what URL parsing would take for a step up or nothing at all. */
export function pathSegment(id: string): string {
  if (/^\.{0,2}$/.test(id)) {
    throw new Failure("invalid_input", `${JSON.stringify(id)} is no id`, {
      hint: "Pass the id of an incident.",
    });
  }
  return encodeURIComponent(id);
}
