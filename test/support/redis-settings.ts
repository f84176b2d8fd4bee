/** What a Redis for tests and the demo is started with, and what comes of it. */

export interface RedisOptions {
  /** How often the log of writes reaches the disk; `always` loses nothing that was acknowledged. Default `everysec`. */
  appendfsync?: "always" | "everysec";
  /** Further settings of the server, such as `{ "cluster-enabled": "yes" }`. */
  settings?: Readonly<Record<string, string>>;
}

/** As arguments: every write in a log, nothing evicted, no snapshots. */
export function settingsOf(options: RedisOptions): string[] {
  const settings = {
    save: "",
    appendonly: "yes",
    appendfsync: options.appendfsync ?? "everysec",
    "maxmemory-policy": "noeviction",
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

export interface RunningRedis {
  url: string;
  /** Ends it and removes its data; a Redis that was given by `REDIS_URL` is left alone. */
  stop(): Promise<void>;
}
