/** Bodies are JSON, of a depth that nothing stumbles over, and without names that reach into prototypes. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { HttpRefusal } from "./problem.ts";

const DEEPEST = 32;

/** `limitOf`: the bytes that a request may have, below the limit of the server. */
export function takeJsonOnly(app: FastifyInstance, limitOf: (request: FastifyRequest) => number): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    const text = String(body);
    const most = limitOf(request);
    if (Buffer.byteLength(text) > most)
      return done(new HttpRefusal(413, `body: too large; allowed: ${most} bytes`));
    // Clients that always name a type send none of it with a DELETE.
    if (text === "") return done(null, undefined);
    if (isTooDeep(text))
      return done(new HttpRefusal(400, `body: nested too deep; allowed: ${DEEPEST} levels`));
    parse(request, text, done);
  });
}

/** Before it is parsed: what is deep is the work of whoever looks at it. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isInText) {
      if (character === "\\") at += 1;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === "[" || character === "{") {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (character === "]" || character === "}") depth -= 1;
  }
  return false;
}
