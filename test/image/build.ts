/** Builds the stages of the Dockerfile into folders, each with the files of its `/app`: an image without an engine. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DockerfileParser } from "dockerfile-ast";
import { z } from "zod";

/** What a container of a stage is started with. */
export interface Stage {
  /** The files that it has in `/app`. */
  folder: string;
  user: string;
  env: Readonly<Record<string, string>>;
  entrypoint: readonly string[];
  command: readonly string[];
  healthcheck: readonly string[];
}

interface Place {
  root: string;
  /** Where the stages go. */
  into: string;
  /** The folder of the Node that builds. */
  node: string;
}

const BASE: Omit<Stage, "folder"> = { user: "0:0", env: {}, entrypoint: [], command: [], healthcheck: [] };
const WORKDIR = "/app";
const words = z.array(z.string());

class Builder {
  readonly stages = new Map<string, Stage>();
  readonly #place: Place;
  #current = "";

  constructor(place: Place) {
    this.#place = place;
  }

  /** Throws at an instruction that it does not know, for a step left out would prove nothing. */
  take(keyword: string, text: string, from: string | null): void {
    if (keyword === "FROM") {
      this.#begin(text);
      return;
    }
    const { folder, env } = this.#stage(this.#current);
    const list = (): string[] => words.parse(JSON.parse(text.replace(/^CMD\s+/, "")));
    if (keyword === "COPY") this.#copy(text, from, folder);
    else if (keyword === "RUN") this.#run(text, folder);
    else if (keyword === "USER") this.#set({ user: text });
    else if (keyword === "ENV") this.#set({ env: { ...env, ...parsePairs(text) } });
    else if (keyword === "ENTRYPOINT") this.#set({ entrypoint: list() });
    else if (keyword === "CMD") this.#set({ command: list() });
    else if (keyword === "HEALTHCHECK") this.#set({ healthcheck: list() });
    else if (keyword !== "LABEL" && !(keyword === "WORKDIR" && text === WORKDIR))
      throw new Error(`not understood: ${keyword} ${text}`);
  }

  #stage(name: string): Stage {
    const stage = this.stages.get(name);
    if (stage === undefined) throw new Error(`no stage ${name} comes before it is used`);
    return stage;
  }

  #set(change: Partial<Stage>): void {
    this.stages.set(this.#current, { ...this.#stage(this.#current), ...change });
  }

  /** `FROM locked AS build`: a base that is no stage brings Node, which the container has from elsewhere. */
  #begin(text: string): void {
    const [base = "", , name = ""] = text.split(/\s+/);
    const folder = join(this.#place.into, name);
    mkdirSync(folder, { recursive: true });
    const parent = this.stages.get(base);
    if (parent !== undefined) copyTree(parent.folder, folder, "linked");
    this.stages.set(name, { ...(parent ?? BASE), folder });
    this.#current = name;
  }

  /** `COPY package.json LICENSE ./` and `COPY src src`; a trailing slash names a folder. */
  #copy(text: string, from: string | null, folder: string): void {
    const names = text.split(/\s+/);
    const to = join(folder, names.pop() ?? "");
    for (const name of names) {
      const target = to.endsWith("/") ? join(to, basename(name)) : to;
      mkdirSync(dirname(target), { recursive: true });
      if (from === null) copyTree(join(this.#place.root, name), target);
      else copyTree(join(this.#stage(from).folder, name.slice(WORKDIR.length)), target, "linked");
    }
  }

  #run(command: string, cwd: string): void {
    const env = { ...process.env, PATH: `${this.#place.node}:${process.env["PATH"] ?? ""}` };
    execFileSync("sh", ["-ec", command], { cwd, env, stdio: ["ignore", "ignore", "inherit"] });
  }
}

function parsePairs(text: string): Record<string, string> {
  return Object.fromEntries(text.split(/\s+/).map((pair) => pair.split(/=(.*)/s, 2)));
}

/** Stages share what none of them changes any more. */
function copyTree(from: string, to: string, how: "apart" | "linked" = "apart"): void {
  execFileSync("cp", [how === "linked" ? "-alT" : "-aT", from, to]);
}

/** By name. Takes a minute; its commands run on this machine. */
export function buildStages(place: Place): ReadonlyMap<string, Stage> {
  const builder = new Builder(place);
  const dockerfile = DockerfileParser.parse(readFileSync(join(place.root, "Dockerfile"), "utf8"));
  const initial = new Set(dockerfile.getInitialARGs().map(String));
  for (const instruction of dockerfile.getInstructions()) {
    if (initial.has(String(instruction))) continue;
    const text = (instruction.getRawArgumentsContent() ?? "").replaceAll(/\\\n\s*/g, "");
    const [, from = null] = /--from=(\S+)/.exec(String(instruction)) ?? [];
    builder.take(instruction.getKeyword(), text, from);
  }
  return builder.stages;
}
