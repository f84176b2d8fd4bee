/** Names of tables and columns: checked, never escaped into shape. */
import { Failure } from "../contract/failure.ts";
import { refusal } from "../contract/refusal.ts";

export const IDENTIFIER_RULE =
  "a name of letters, digits and _ that starts with a letter or _, at most 128 long";

export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_]\w{0,127}$/.test(name);
}

/** A name as it stands in a query. Throws `invalid_input` for anything but a plain name. */
export function identifier(name: string): string {
  if (!isIdentifier(name)) {
    throw new Failure("invalid_input", refusal(name, IDENTIFIER_RULE));
  }
  // No keyword of KQL begins with a capital, but for the booleans: no list of keywords to keep up with.
  return /^[A-Z]/.test(name) && !/^(?:true|false)$/i.test(name) ? name : `['${name}']`;
}
