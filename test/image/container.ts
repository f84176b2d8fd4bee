/**
 * Containers without an engine, by Debian's bubblewrap: a root that holds a system, a Node and `/app`, none of it writable, with
 * processes, a host name and no capability of their own. Those of one network share a loopback, and nothing else is in reach.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { z } from "zod";

export interface Mount {
  source: string;
  target: string;
  writable?: boolean;
}

export interface Spec {
  /** What is at `/app`. */
  folder?: string;
  cwd: string;
  /** `uid:gid`. */
  user: string;
  env?: Readonly<Record<string, string>>;
  argv: readonly string[];
  mounts?: readonly Mount[];
}

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export interface Container {
  /** On this machine. */
  pid: number;
  ended: Promise<Ended>;
  signal(name: NodeJS.Signals): void;
}

const infoSchema = z.object({ "child-pid": z.number() });
/** For bubblewrap alone, until the program runs as its user. */
const NEEDED = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"];

function wrap({ folder, cwd, user, env = {}, argv, mounts = [] }: Spec, node: string): string[] {
  const [uid = "", gid = ""] = user.split(":");
  const bound = mounts.flatMap(({ source, target, writable = false }) => [
    writable ? "--bind" : "--ro-bind",
    source,
    target,
  ]);
  return [
    ...["bwrap", "--info-fd", "3", "--die-with-parent", "--as-pid-1"],
    ...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", "container", "--clearenv"],
    ...["--ro-bind", "/usr", "/usr"],
    ...["bin", "lib", "lib64"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]),
    ...["--perms", "0755", "--dir", "/opt", "--ro-bind", node, "/opt/node"],
    ...[
      "--perms",
      "0755",
      "--dir",
      "/run",
      "--perms",
      "0755",
      "--dir",
      "/run/secrets",
      "--perms",
      "0755",
      "--dir",
      "/etc",
    ],
    ...["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"],
    ...(folder === undefined ? [] : ["--ro-bind", folder, "/app"]),
    ...bound,
    ...["--remount-ro", "/", "--chdir", cwd, "--setenv", "PATH", "/opt/node:/usr/bin"],
    ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]),
    ...NEEDED.flatMap((name) => ["--cap-add", name]),
    ...["--", "setpriv", "--reuid", uid, "--regid", gid, "--clear-groups"],
    ...["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--", ...argv],
  ];
}

/** Its third pipe tells the process that is number 1 inside. */
async function launch(command: readonly string[]): Promise<Container> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const [, stdout, stderr, info] = child.stdio;
  if (stdout === null || stderr === null || !(info instanceof Readable)) throw new Error("a pipe is missing");
  const closed = once(child, "close");
  const ended = Promise.all([text(stdout), text(stderr), closed]).then(([out, err]) => ({
    code: child.exitCode,
    out,
    err,
  }));
  const told = await text(info);
  if (told === "") throw new Error((await ended).err);
  const { "child-pid": pid } = infoSchema.parse(JSON.parse(told));
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) process.kill(pid, name);
  };
  return { pid, ended, signal };
}

/** Containers that share a loopback. */
export class Network {
  readonly #node: string;
  readonly #hosts: string;
  readonly #pause: Container;

  private constructor(node: string, hosts: string, pause: Container) {
    this.#node = node;
    this.#hosts = hosts;
    this.#pause = pause;
  }

  /** `node` is the folder of the Node inside, `hosts` a file that names who is there. */
  static async open(node: string, hosts: string): Promise<Network> {
    const bare = [
      "--ro-bind",
      "/usr",
      "/usr",
      "--symlink",
      "usr/lib",
      "/lib",
      "--symlink",
      "usr/lib64",
      "/lib64",
    ];
    const held = ["--info-fd", "3", "--die-with-parent", "--unshare-net", "--unshare-pid", "--as-pid-1"];
    return new Network(node, hosts, await launch(["bwrap", ...bare, ...held, "/usr/bin/sleep", "infinity"]));
  }

  start(spec: Spec): Promise<Container> {
    const mounts = [...(spec.mounts ?? []), { source: this.#hosts, target: "/etc/hosts" }];
    const inside = ["nsenter", "--target", String(this.#pause.pid), "--net", "--"];
    return launch([...inside, ...wrap({ ...spec, mounts }, this.#node)]);
  }

  async run(spec: Spec): Promise<Ended> {
    return await (await this.start(spec)).ended;
  }

  /** Its containers should have ended. */
  async close(): Promise<void> {
    this.#pause.signal("SIGKILL");
    await this.#pause.ended;
  }
}
