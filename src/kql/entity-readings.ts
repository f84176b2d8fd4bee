/** What an entity's value says: its form, and the spellings in which data may hold it. Nothing here is KQL. */
import { isIPv4, isIPv6 } from "node:net";
import type { EntityKind } from "../contract/entities.ts";

/** How a value is asked for; a column answers only the forms that it can hold. */
export type Form =
  | "text"
  | "address"
  | "range4"
  | "range6"
  | "shortHost"
  | "fullHost"
  | "deviceId"
  | "md5"
  | "sha1"
  | "sha256"
  | "name"
  | "shortDomain"
  | "fullDomain"
  | "upn"
  | "sid"
  | "objectId"
  | "url"
  | "site"
  | "host"
  | "mailbox";

/** The spellings to look for, by form. */
export type Reading = Readonly<Partial<Record<Form, readonly string[]>>>;

const GUID = /^\{?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?$/i;
const LABEL = String.raw`[\p{L}\p{N}_](?:[\p{L}\p{N}_-]*[\p{L}\p{N}_])?`;
const SHORT_NAME = new RegExp(`^${LABEL}$`, "u");
const FULL_NAME = new RegExp(String.raw`^${LABEL}(?:\.${LABEL})+$`, "u");
const MAILBOX = /^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>"]+$/;

/** Undoes what people do to a value so that nobody clicks on it: `hxxp`, `[.]`, `(dot)`, `[:]//`, `[at]`. */
export function refang(text: string): string {
  return text
    .trim()
    .replace(/^hxxp(?=s?(?:\[:\]|:|\[:\/\/\]))/i, "http")
    .replaceAll(/[[({](?:\.|dot)[\])}]/gi, ".")
    .replaceAll(/[[({](?:@|at)[\])}]/gi, "@")
    .replaceAll(/\[(:|:\/\/|\/)\]/g, "$1");
}

export function isMailbox(text: string): boolean {
  return MAILBOX.test(unwrapMailbox(text));
}

function unwrapMailbox(text: string): string {
  const bare = refang(text).replace(/^mailto:/i, "");
  return /^[^<>]*<([^<>]+)>$/.exec(bare)?.[1] ?? bare;
}

const READERS: Readonly<Record<EntityKind, (text: string) => Reading>> = {
  ip: readAddress,
  host: readHost,
  hash: readHash,
  user: readUser,
  url: readUrl,
  email(text) {
    const mailbox = unwrapMailbox(text);
    return MAILBOX.test(mailbox) ? { mailbox: [mailbox] } : { text: [text] };
  },
};

/** A value that does not look like its kind is looked for as it stands. */
export function readEntity(kind: EntityKind, text: string): Reading {
  return READERS[kind](text);
}

function readAddress(text: string): Reading {
  const [address = "", bits, ...rest] = refang(text).split("/");
  const spellings = addressSpellings(address);
  if (spellings === null || rest.length > 0) return { text: [text] };
  if (bits === undefined) return { address: spellings };
  const longest = isIPv4(address) ? 32 : 128;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > longest) return { text: [text] };
  return { [longest === 32 ? "range4" : "range6"]: [`${address.toLowerCase()}/${Number(bits)}`] };
}

/** Null for what is no address. Kept of IPv6: compressed, without leading zeros, in full; of IPv4 also IPv4-mapped. */
function addressSpellings(text: string): string[] | null {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  if (isIPv4(bare)) return [bare, `::ffff:${bare}`];
  if (!isIPv6(bare) || bare.includes("%")) return null;
  const compressed = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [head = "", tail] = compressed.split("::");
  const [left, right] = [head, tail ?? ""].map((part) => (part === "" ? [] : part.split(":")));
  const filler = Array.from({ length: 8 - (left?.length ?? 0) - (right?.length ?? 0) }, () => "0");
  const groups = [...(left ?? []), ...filler, ...(right ?? [])];
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(compressed);
  if (mapped !== null) {
    const bytes = mapped
      .slice(1)
      .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
    return [bytes.join("."), `::ffff:${bytes.join(".")}`];
  }
  return [
    ...new Set([compressed, groups.join(":"), groups.map((group) => group.padStart(4, "0")).join(":")]),
  ];
}

function readHost(text: string): Reading {
  const name = refang(text).replace(/\.$/, "");
  if (/^[\da-f]{40}$/i.test(name)) return { deviceId: [name] };
  const guid = GUID.exec(name)?.[1];
  if (guid !== undefined) return { deviceId: [guid] };
  if (SHORT_NAME.test(name)) return { shortHost: [name] };
  return FULL_NAME.test(name) && !isIPv4(name) ? { fullHost: [name, firstLabel(name)] } : { text: [text] };
}

function firstLabel(name: string): string {
  return name.split(".")[0] ?? name;
}

const HASH_FORMS: ReadonlyMap<number, Form> = new Map([
  [32, "md5"],
  [40, "sha1"],
  [64, "sha256"],
]);

function readHash(text: string): Reading {
  const form = /^[\da-f]+$/i.test(text) ? HASH_FORMS.get(text.length) : undefined;
  return { [form ?? "text"]: [text] };
}

function readUser(text: string): Reading {
  const guid = GUID.exec(text)?.[1];
  if (guid !== undefined) return { objectId: [guid] };
  if (/^S-1(?:-\d+)+$/i.test(text)) return { sid: [text] };
  const upn = unwrapMailbox(text);
  if (MAILBOX.test(upn)) return { upn: [upn] };
  const [domain = "", name = "", ...rest] = text.split(/\\{1,2}/);
  if (name === "" || rest.length > 0) return { name: [text] };
  if (SHORT_NAME.test(domain)) return { shortDomain: [`${domain}\\${name}`] };
  return FULL_NAME.test(domain)
    ? { fullDomain: [`${domain}\\${name}`, `${firstLabel(domain)}\\${name}`] }
    : { name: [text] };
}

function readUrl(text: string): Reading {
  const url = refang(text);
  const host = url.replace(/\.$/, "");
  if (SHORT_NAME.test(host) || FULL_NAME.test(host)) return { host: [host.toLowerCase()] };
  const [, scheme, rest = ""] = /^(?:([a-z][a-z\d+.-]*):\/\/)?(.+)$/i.exec(url) ?? [];
  const site = /^(?:[^/?#@]*@)?([^/?#:]+)/.exec(rest)?.[1] ?? "";
  if (/\s/.test(url) || !(SHORT_NAME.test(site) || FULL_NAME.test(site))) return { text: [text] };
  const bare = /^[^/?#]+\/?$/.test(rest) ? [rest.replace(/\/$/, ""), `${rest.replace(/\/$/, "")}/`] : [rest];
  const schemes = scheme === undefined ? ["http", "https"] : [scheme.toLowerCase()];
  const spellings = [...schemes.flatMap((each) => bare.map((one) => `${each}://${one}`)), ...bare];
  return { url: spellings, site: [site.toLowerCase()] };
}
