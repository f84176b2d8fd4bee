/** What is wrong as HTTP: methods that a place does not have, and connections that never become a request. */
import type { Socket } from "node:net";
import type { FastifyInstance, HTTPMethods } from "fastify";
import { HttpRefusal, PROBLEM_TYPE, problemOf } from "./problem.ts";

const METHODS: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

export interface NotedRoutes {
  /** Such as `GET /v1/actions`. */
  readonly routes: readonly string[];
  /** To be called behind the last: refuses the methods that a place does not have. */
  refuseOthers(): void;
}

/** Notes the routes that are added from here on. */
export function noteMethods(app: FastifyInstance): NotedRoutes {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    methodsOf.set(url, methods);
  });
  function refuseOthers(): void {
    for (const [url, methods] of [...methodsOf]) {
      const allow = [...methods].join(", ");
      app.route({
        url,
        method: METHODS.filter((method) => !methods.has(method)),
        // Before its body is looked at.
        onRequest: async ({ method }, reply) => {
          reply.header("allow", allow);
          throw new HttpRefusal(405, `method: given ${method}; allowed: ${allow}`);
        },
        handler: async () => undefined,
      });
    }
  }
  return {
    get routes() {
      return [...methodsOf].flatMap(([url, methods]) => [...methods].map((method) => `${method} ${url}`));
    },
    refuseOthers,
  };
}

/** Fastify's own answer here is no problem document. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const [status, message] = REFUSALS.get(error.code ?? "") ?? [400, "this is not HTTP"];
  if (socket.writable) {
    const body = JSON.stringify(problemOf(new HttpRefusal(status, message)));
    socket.write(
      `HTTP/1.1 ${status} Refused\r\nContent-Length: ${Buffer.byteLength(body)}\r\nContent-Type: ${PROBLEM_TYPE}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroy();
}

const REFUSALS = new Map<string, [status: number, message: string]>([
  ["ERR_HTTP_REQUEST_TIMEOUT", [408, "the request did not arrive in time"]],
  ["HPE_HEADER_OVERFLOW", [431, "the headers are too large"]],
]);
