/** The services of docker-compose.yml, as an engine would read them. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const words = z.array(z.string());
const serviceSchema = z.object({
  build: z.object({ target: z.string() }).optional(),
  command: words.optional(),
  environment: z.record(z.string(), z.string()).default({}),
  secrets: words.default([]),
  ports: words.default([]),
  profiles: words.default([]),
  network_mode: z.string().optional(),
  read_only: z.boolean().default(false),
  mem_limit: z.string(),
  stop_grace_period: z.string().optional(),
  healthcheck: z.object({ test: words.optional() }).default({}),
});
const names = ["redis-users", "redis", "worker", "ops", "demo-redis", "simulator", "demo-worker"] as const;
const compositionSchema = z.strictObject({
  services: z.record(z.enum(names), serviceSchema),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  volumes: z.unknown(),
  "x-healthy": z.unknown(),
  "x-hardened": z.unknown(),
  "x-actions": z.unknown(),
});

export type Service = z.infer<typeof serviceSchema>;
export type ServiceName = (typeof names)[number];
export type Composition = z.infer<typeof compositionSchema>;

/** `variables` are what stands in the environment of `docker compose`, or in `.env`. */
export function readComposition(path: string, variables: Readonly<Record<string, string>> = {}): Composition {
  const fill = (text: string): string =>
    text.replaceAll(
      /\$\{(\w+):-([^}]*)\}/g,
      (_, name: string, otherwise: string) => variables[name] || otherwise,
    );
  const filled = (_: unknown, value: unknown): unknown => (typeof value === "string" ? fill(value) : value);
  return compositionSchema.parse(parse(readFileSync(path, "utf8"), filled, { merge: true }));
}
