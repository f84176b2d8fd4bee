/** The composition up and running, without an engine: each service with its own stage, command, environment, user and secrets. */
import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Stage } from "./build.ts";
import type { Composition, Service, ServiceName } from "./composition.ts";
import type { Container, Ended, Mount, Network, Spec } from "./container.ts";

/** What the image of Redis brings. */
const REDIS = { user: 999, cwd: "/data" };

export interface Place {
  network: Network;
  composition: Composition;
  stages: ReadonlyMap<string, Stage>;
  /** Where relative paths of the composition start. */
  folder: string;
}

export interface Extra {
  /** Beats the service's own. */
  env?: Readonly<Record<string, string>>;
  /** In the place of the service's own. */
  argv?: readonly string[];
  user?: string;
  mounts?: readonly Mount[];
}

export class Stack {
  readonly #place: Place;
  readonly #running = new Map<ServiceName, Container>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** As `docker compose run` and, with an `argv`, as `docker compose exec`. */
  async run(name: ServiceName, extra: Extra = {}): Promise<Ended> {
    return await this.#place.network.run(this.#specOf(name, extra));
  }

  /** As `docker compose up`: returns when its own check of health succeeds. Throws with its log when it ends before. */
  async up(name: ServiceName, extra: Extra = {}): Promise<Container> {
    const container = await this.#place.network.start(this.#specOf(name, extra));
    this.#running.set(name, container);
    let over: Ended | null = null;
    void container.ended.then((ended) => {
      over = ended;
    });
    const check = this.healthcheckOf(name);
    while (over === null) {
      const { code } = await this.run(name, { ...extra, argv: check });
      if (code === 0) return container;
    }
    throw new Error(`${name} has ended: ${JSON.stringify(over)}`);
  }

  /** As `docker compose stop`: SIGTERM, and how it ended. */
  async stop(name: ServiceName): Promise<Ended> {
    const container = this.#running.get(name);
    if (container === undefined) throw new Error(`${name} does not run`);
    this.#running.delete(name);
    container.signal("SIGTERM");
    return await container.ended;
  }

  async down(): Promise<void> {
    for (const name of [...this.#running.keys()]) await this.stop(name);
  }

  healthcheckOf(name: ServiceName): readonly string[] {
    const { healthcheck } = this.#service(name);
    const [kind, ...argv] = healthcheck.test ?? ["CMD", ...(this.#stageOf(name)?.healthcheck ?? [])];
    if (kind !== "CMD" || argv.length === 0) throw new Error(`${name} has no check of health`);
    return argv;
  }

  #service(name: ServiceName): Service {
    return this.#place.composition.services[name];
  }

  #stageOf(name: ServiceName): Stage | undefined {
    return this.#place.stages.get(this.#service(name).build?.target ?? "");
  }

  #specOf(name: ServiceName, { env = {}, argv, user, mounts = [] }: Extra): Spec {
    const { command, secrets, environment, read_only, build } = this.#service(name);
    const stage = this.#stageOf(name);
    // Nothing in a container can be written here, so another would be none of the composition's.
    if (build !== undefined && !read_only) throw new Error(`${name} has a writable root`);
    return {
      ...(stage === undefined ? {} : { folder: stage.folder }),
      cwd: stage === undefined ? REDIS.cwd : "/app",
      user: user ?? stage?.user ?? `${REDIS.user}:${REDIS.user}`,
      env: { ...stage?.env, ...environment, ...env },
      argv: argv ?? [...(stage?.entrypoint ?? []), ...(command ?? stage?.command ?? [])],
      mounts: [
        ...secrets.map((secret) => this.#secret(secret)),
        ...(stage === undefined ? [this.#volume(name)] : []),
        ...mounts,
      ],
    };
  }

  #secret(name: string): Mount {
    const { file } = this.#place.composition.secrets[name] ?? { file: "" };
    return { source: join(this.#place.folder, file), target: `/run/secrets/${name}` };
  }

  #volume(name: ServiceName): Mount {
    const source = join(this.#place.folder, "volumes", name);
    mkdirSync(source, { recursive: true });
    chownSync(source, REDIS.user, REDIS.user);
    return { source, target: REDIS.cwd, writable: true };
  }
}
