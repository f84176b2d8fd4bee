/** Entities, cells of tables, and which of them finds which: written by hand, not by our code. */
import type { EntityKind } from "../../src/contract/entities.ts";

/** What the data holds, in the spellings that Defender uses. */
const MD5 = "0d".repeat(16);
const SHA1 = "1a".repeat(20);
const SHA256 = "2b".repeat(32);
const SID = "S-1-5-21-1-2-3-1100";
const GUID = "8f14e45f-ceea-467a-9575-3d6a1d2b4c6e";
export const CELLS: readonly [RegExp, readonly string[]][] = [
  [
    /^IPAddresses$/,
    [`[{"IPAddress":"192.0.2.7"}]`, `[{"IPAddress":"192.0.2.77"}]`, `[{"IPAddress":"2001:db8::7"}]`],
  ],
  [
    /IP|IPv/,
    ["192.0.2.7", "192.0.2.77", "::ffff:192.0.2.7", "2001:DB8::7", "2001:db8:0:0:0:0:0:7", "198.51.100.7"],
  ],
  [
    /DeviceName$/,
    ["ws-1", "WS-1.contoso.com", "ws-1.fabrikam.com", "ws-10", "ws-1-b.contoso.com", 'it\'s | a "host"'],
  ],
  [/DeviceId$/, ["c".repeat(40), GUID]],
  [/MD5$/, [MD5]],
  [/SHA1$/, [SHA1]],
  [/SHA256$/, [SHA256]],
  [
    /^LoggedOnUsers$/,
    [
      `[{"UserName":"jdoe","DomainName":"CONTOSO","Sid":"${SID}"}]`,
      `[{"UserName":"jdoe-2","DomainName":"CONTOSO"}]`,
    ],
  ],
  [/AccountName$/, ["jdoe", "JDoe", "jdoe-2", "o'brien"]],
  [/AccountDomain$/, ["contoso", "CONTOSO.com", "fabrikam"]],
  [/Sid$/, [SID]],
  [/Upn$|Address$/, ["jdoe@contoso.com", "JDOE@fabrikam.com", "o'brien@contoso.com"]],
  [/ObjectId$/, [GUID]],
  [/Domain$/, ["evil.example", "good.example"]],
  [/^UrlChain$/, [`["https://evil.example/a","https://good.example/"]`]],
  [
    /Url$/,
    [
      "https://evil.example/a",
      "evil.example",
      "http://EVIL.example:8080/",
      "https://good.example/?x=evil.example",
      "https://evil.example.net/",
      "it's | a url",
    ],
  ],
];

type Finds = (cell: string, column: string, row: Readonly<Record<string, string>>) => boolean;
export interface Sample {
  type: string;
  value: string;
  kind: EntityKind;
  finds: Finds;
}

const oneOf =
  (...texts: string[]): Finds =>
  (cell) =>
    texts.includes(cell.toLowerCase());
const IPV4 = oneOf("192.0.2.7", "::ffff:192.0.2.7", `[{"ipaddress":"192.0.2.7"}]`);
const IPV6 = oneOf("2001:db8::7", "2001:db8:0:0:0:0:0:7", `[{"ipaddress":"2001:db8::7"}]`);
const named =
  (name: string, domains: readonly string[] | null): Finds =>
  (cell, column, row) => {
    if (column === "LoggedOnUsers") return cell.includes(`"UserName":"${name}","DomainName":"CONTOSO"`);
    if (!column.endsWith("Name") || cell.toLowerCase() !== name) return false;
    return domains === null || domains.includes((row[column.replace(/Name$/, "Domain")] ?? "").toLowerCase());
  };
const HOSTED: Finds = (cell, column) =>
  column !== "UrlChain" &&
  ["https://evil.example/a", "evil.example", "http://evil.example:8080/"].includes(cell.toLowerCase());

export const SAMPLES: readonly Sample[] = [
  { type: "ADDRESS", kind: "ip", value: "192.0.2.7", finds: IPV4 },
  { type: "ip", kind: "ip", value: "192[.]0[.]2[.]7", finds: IPV4 },
  { type: "ADDRESS", kind: "ip", value: "::FFFF:C000:0207", finds: IPV4 },
  { type: "ADDRESS", kind: "ip", value: "2001:0DB8:0000::7", finds: IPV6 },
  {
    type: "ADDRESS",
    kind: "ip",
    value: "192.0.2.0/26",
    finds: (cell, column) => column !== "IPAddresses" && IPV4(cell, column, {}),
  },
  {
    type: "ADDRESS",
    kind: "ip",
    value: "2001:db8::/32",
    finds: (cell, column) => column !== "IPAddresses" && IPV6(cell, column, {}),
  },
  {
    type: "HOSTNAME",
    kind: "host",
    value: "WS-1",
    finds: oneOf("ws-1", "ws-1.contoso.com", "ws-1.fabrikam.com"),
  },
  { type: "host", kind: "host", value: "ws-1.contoso.com.", finds: oneOf("ws-1", "ws-1.contoso.com") },
  { type: "HOSTNAME", kind: "host", value: "C".repeat(40), finds: oneOf("c".repeat(40)) },
  { type: "HOSTNAME", kind: "host", value: `it's | a "host"`, finds: oneOf(`it's | a "host"`) },
  { type: "FILEHASH", kind: "hash", value: MD5.toUpperCase(), finds: oneOf(MD5) },
  { type: "FILEHASH", kind: "hash", value: SHA1, finds: oneOf(SHA1) },
  { type: "hash", kind: "hash", value: SHA256, finds: oneOf(SHA256) },
  {
    type: "USERUNIQNAME",
    kind: "user",
    value: "JDOE",
    finds: (cell, column, row) =>
      column === "LoggedOnUsers" ? cell.includes(`"jdoe"`) : named("jdoe", null)(cell, column, row),
  },
  { type: "USERUNIQNAME", kind: "user", value: "o'brien", finds: named("o'brien", null) },
  { type: "user", kind: "user", value: "CONTOSO\\jdoe", finds: named("jdoe", ["contoso", "contoso.com"]) },
  {
    type: "user",
    kind: "user",
    value: "contoso.com\\jdoe",
    finds: named("jdoe", ["contoso", "contoso.com"]),
  },
  {
    type: "user",
    kind: "user",
    value: SID.toLowerCase(),
    finds: (cell) => cell === SID || cell.includes(`"${SID}"`),
  },
  {
    type: "user",
    kind: "user",
    value: GUID.toUpperCase(),
    finds: (cell, column) => column.endsWith("ObjectId") && cell === GUID,
  },
  { type: "USERUNIQNAME", kind: "email", value: "JDOE@CONTOSO.COM", finds: oneOf("jdoe@contoso.com") },
  {
    type: "email",
    kind: "email",
    value: "mailto:o'brien[@]contoso.com",
    finds: oneOf("o'brien@contoso.com"),
  },
  {
    type: "DestinationURL",
    kind: "url",
    value: "hxxp://evil[.]example:8080",
    finds: (cell, column) =>
      oneOf("http://evil.example:8080/")(cell, column, {}) ||
      (column === "RemoteUrl" && cell === "evil.example"),
  },
  {
    type: "url",
    kind: "url",
    value: "https://evil.example/a",
    finds: (cell, column) =>
      cell === "https://evil.example/a" ||
      (column === "RemoteUrl" && cell === "evil.example") ||
      (column === "UrlChain" && cell !== ""),
  },
  { type: "url", kind: "url", value: "Evil[.]example", finds: HOSTED },
  { type: "url", kind: "url", value: "it's | a url", finds: oneOf("it's | a url") },
];
