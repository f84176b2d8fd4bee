/** Connections to Redis: whoever asks fails fast, whoever works waits for ever. */
import { Cluster, type Command, Redis } from "ioredis";
import { parseRedisUrl, type RedisConfig } from "../settings/redis.ts";

export interface ConnectionOptions {
  /** Shown in `CLIENT LIST`. */
  name?: string;
  /** Told of every lost or refused connection; commands reject on their own account. */
  onError?(error: Error): void;
  /** For producers: how long a command may take; default 3,000. */
  patienceMs?: number;
}

/** How long a producer waits for Redis before it says so, in milliseconds. */
const PATIENCE_MS = 3_000;
/** So soon after Redis is there again, a producer is too; ioredis would let it wait for longer than its patience. */
const PRODUCER_RECONNECTS_WITHIN_MS = 1_000;
/**
 * A connection that answers nothing for so long is dead, though nobody closed it: a firewall forgot it, or its host is
 * gone. Longer than BullMQ ever blocks on one (10 s, and 1 s until it gives the wait up by itself).
 */
const DEAD_AFTER_MS = 12_000;

/** ioredis has no time limit for commands that wait until a cluster is found. */
class ImpatientCluster extends Cluster {
  override sendCommand(command: Command, ...rest: SendRest): unknown {
    // Those of its options are of the nodes' connections.
    command.setTimeout(this.options.redisOptions?.commandTimeout ?? PATIENCE_MS);
    return super.sendCommand(command, ...rest);
  }
}
type SendRest = Parameters<Cluster["sendCommand"]> extends [Command, ...infer Rest] ? Rest : never;

interface Behaviour {
  commandTimeout?: number;
  connectTimeout?: number;
  socketTimeout: number;
  retryStrategy?(times: number): number;
  maxRetriesPerRequest: number | null;
}

function connect(config: RedisConfig, behaviour: Behaviour, options: ConnectionOptions): Redis | Cluster {
  const { tls, username, password, hosts, db } = parseRedisUrl(config.url);
  const shared = {
    ...behaviour,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    ...(options.name === undefined ? {} : { connectionName: options.name }),
  };
  const connection = open();
  // Without a listener ioredis prints every failed attempt to reconnect.
  connection.on("error", (error: Error) => options.onError?.(error));
  return connection;

  function open(): Redis | Cluster {
    const [first] = hosts;
    if (config.mode === "cluster") {
      const Kind = behaviour.commandTimeout === undefined ? Cluster : ImpatientCluster;
      // Certificates name hosts: with TLS the nodes' names must not be turned into addresses.
      const dnsLookup = (name: string, done: (error: null, address: string) => void): void =>
        done(null, name);
      return new Kind([...hosts], { redisOptions: shared, ...(tls ? { dnsLookup } : {}) });
    }
    if (config.mode === "sentinel")
      return new Redis({
        ...shared,
        db,
        sentinels: [...hosts],
        name: config.sentinelName ?? "",
        enableTLSForSentinelMode: tls,
        ...(tls ? { sentinelTLS: {} } : {}),
      });
    return new Redis({ ...shared, db, ...first });
  }
}

/** For producers and readers: a command that Redis does not answer rejects within seconds. Not for blocking commands. */
export function connectProducer(config: RedisConfig, options: ConnectionOptions = {}): Redis | Cluster {
  const { patienceMs = PATIENCE_MS } = options;
  const behaviour = {
    commandTimeout: patienceMs,
    connectTimeout: patienceMs,
    socketTimeout: patienceMs,
    maxRetriesPerRequest: 1,
    retryStrategy: (times: number) => Math.min(25 * 2 ** times, PRODUCER_RECONNECTS_WITHIN_MS),
  };
  return connect(config, behaviour, options);
}

/** For workers and blocking commands: waits for Redis as long as it takes. */
export function connectWorker(config: RedisConfig, options: ConnectionOptions = {}): Redis | Cluster {
  return connect(config, { maxRetriesPerRequest: null, socketTimeout: DEAD_AFTER_MS }, options);
}
