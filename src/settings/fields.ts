/** Kinds of value in the environment. Every message says what was given and what is allowed. */
import { isIP } from "node:net";
import ms from "ms";
import { z } from "zod";

/** At most `calls` in any `windowMs` milliseconds. */
export interface Window {
  calls: number;
  windowMs: number;
}

/** Reads `text` with `parse`; null means it is not allowed. */
function field<T>(allowed: string, parse: (text: string) => T | null) {
  return z.string({ error: `given nothing; allowed: ${allowed}` }).transform((text, context) => {
    const value = parse(text);
    if (value !== null) return value;
    context.addIssue({ code: "custom", message: `given ${JSON.stringify(text)}; allowed: ${allowed}` });
    return z.NEVER;
  });
}

/** One of `values`, in any case. */
export function oneOf<T extends string>(values: readonly T[], remark = "") {
  return field(
    values.join(", ") + remark,
    (text) => values.find((value) => value.toLowerCase() === text.toLowerCase()) ?? null,
  );
}

/** Comma-separated texts without repeats and without empty ones. */
export function splitList(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  return [...new Set(parts.filter((part) => part !== ""))];
}

/** At least one of `values`, comma-separated, in any case. */
export function someOf<T extends string>(values: readonly T[]) {
  return field(`a list of ${values.join(", ")}`, (text) => {
    const given = splitList(text.toLowerCase());
    const known = values.filter((value) => given.includes(value));
    return known.length > 0 && known.length === given.length ? known : null;
  });
}

/** Comma-separated, of either version of IP; none is fine. */
export const networks = field("addresses or networks such as 10.0.0.5,10.1.0.0/16", (text) => {
  const parts = splitList(text);
  return parts.every(isNetwork) ? parts : null;
});

function isNetwork(text: string): boolean {
  const [address = "", bits = "0", ...rest] = text.split("/");
  const version = isIP(address);
  return (
    version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
  );
}

const YES = ["true", "yes", "on", "1"];
const NO = ["false", "no", "off", "0"];

export const flag = field("true or false", (text) => {
  if (YES.includes(text.toLowerCase())) return true;
  return NO.includes(text.toLowerCase()) ? false : null;
});

export function integer(least: number, most: number) {
  return field(`a whole number from ${least} to ${most}`, (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : null;
  });
}

/** Our own type, not that of `ms`: it is in what the client's users compile, and they have no types for `ms`. */
type Duration = `${number}${"ms" | "s" | "m" | "h" | "d" | "w"}`;

/** A bare number is refused: whoever writes `60` means seconds, and `ms` would read milliseconds. */
function isDuration(text: string): text is Duration {
  return /^\d+(\.\d+)? ?(ms|s|m|h|d|w)$/.test(text);
}

/** A time such as `60s` or `7d`, in milliseconds. */
export function duration(least: Duration, most: Duration) {
  return field(`a time from ${least} to ${most} such as 500ms, 60s, 5m, 1h or 7d`, (text) => {
    const value = isDuration(text) ? Math.round(ms(text)) : Number.NaN;
    return value >= ms(least) && value <= ms(most) ? value : null;
  });
}

const BYTES_OF: Readonly<Record<string, number>> = { b: 1, kb: 1_024, mb: 1_024 ** 2, gb: 1_024 ** 3 };

/** As Redis spells it: `1mb` is 1,048,576 bytes. */
function readSize(text: string): number {
  const [, number, unit = "b"] = /^(\d{1,15}) ?(b|kb|mb|gb)?$/.exec(text.toLowerCase()) ?? [];
  return Number(number) * (BYTES_OF[unit] ?? Number.NaN);
}

/** A size such as `256mb`, in bytes. */
export function size(least: string, most: string) {
  return field(`a size from ${least} to ${most} such as 512kb, 256mb or 2gb`, (text) => {
    const value = readSize(text);
    return value >= readSize(least) && value <= readSize(most) ? value : null;
  });
}

const MAX_CALLS = 1_000_000;

/** Limits such as `45/1m,1500/1h`: the longest window first, no two of one length. */
export const limits = field(
  "calls per window such as 45/1m,1500/1h, with windows from 100ms to 24h in ms, s, m or h",
  (text): Window[] | null => {
    const windows: Window[] = [];
    for (const part of splitList(text)) {
      const [, calls, window] = /^(\d{1,7}) ?\/ ?(\d+(?:ms|s|m|h))$/.exec(part) ?? [];
      if (calls === undefined || window === undefined || !isDuration(window)) return null;
      windows.push({ calls: Number(calls), windowMs: ms(window) });
    }
    const usable = windows.every(
      ({ calls, windowMs }) => calls >= 1 && calls <= MAX_CALLS && windowMs >= 100 && windowMs <= ms("24h"),
    );
    const lengths = new Set(windows.map(({ windowMs }) => windowMs));
    if (!usable || windows.length === 0 || lengths.size < windows.length) return null;
    return windows.sort((a, b) => b.windowMs - a.windowMs);
  },
);

/** A part of the whole, as `80%` or `0.8`; more than 0. */
export const share = field("1% to 100%, or 0.01 to 1", (text) => {
  const [, number, percent] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(text) ?? [];
  const value = Number(number) / (percent === "%" ? 100 : 1);
  return value >= 0.01 && value <= 1 ? value : null;
});

function readUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** True for names and addresses that never leave this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Where a service is: `https`, or plain `http` on loopback. Without a trailing slash; a path is kept. */
export const root = field(
  "an https URL (http only on loopback) without user, query and fragment",
  (text): string | null => {
    const url = readUrl(text);
    if (url === null || !/^https?:\/\//i.test(text) || /[?#]/.test(text)) return null;
    if (url.protocol === "http:" && !isLoopback(url.hostname)) return null;
    if (url.username !== "" || url.password !== "") return null;
    return url.href.replace(/\/+$/, "");
  },
);

/** A proxy's URL may carry a password, so it is never repeated. */
export const proxyUrl = z.string().refine((text) => /^https?:$/.test(readUrl(text)?.protocol ?? ""), {
  error: "allowed: an http or https URL such as http://proxy.contoso.com:8080",
});

/** Whoever knows a webhook's URL can use it, so it is never repeated. */
export const webhookUrl = z.string().refine(
  (text) => {
    const url = readUrl(text);
    return url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  },
  { error: "not readable; allowed: an https URL (http only on loopback)" },
);

/** A day, or a moment, in Unix time in milliseconds. */
export const moment = field("a date such as 2027-03-31 or 2027-03-31T12:00:00Z", (text) => {
  const atMs = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
});

/** A tenant or app id: it becomes part of a URL. */
export function identifier(allowed: string, refused: readonly string[] = []) {
  return field(allowed, (text) =>
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(text) && !refused.includes(text.toLowerCase()) ? text : null,
  );
}
