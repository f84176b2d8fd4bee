/** Serves the OpenAPI document, and a page for people made from it. Both are open: they say nothing about any job. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { makeOpenApi } from "./openapi.ts";

export async function addDocuments(app: FastifyInstance): Promise<void> {
  const document = makeOpenApi();
  app.get("/openapi.json", async () => document);
  // The page comes with a generator, which needs routes to carry JSON Schemas; ours is made from zod, so it is put in its place.
  await app.register(swagger, { openapi: { openapi: "3.1.0" } });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: true,
    uiConfig: { supportedSubmitMethods: [] },
    transformSpecification: () => document,
  });
}
