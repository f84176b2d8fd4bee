/** What a value says of itself, however people and machines write it. */
import { describe, expect, it } from "vitest";
import type { EntityKind } from "../../src/contract/entities.ts";
import { isMailbox, readEntity, refang } from "../../src/kql/entity-readings.ts";

const V6 = ["2001:db8::7", "2001:db8:0:0:0:0:0:7", "2001:0db8:0000:0000:0000:0000:0000:0007"];
const HASHES = [32, 40, 64].map((length) => "aB".repeat(length / 2));

describe("readEntity", () => {
  it.each<[EntityKind, string, object]>([
    ["ip", "192.0.2.7", { address: ["192.0.2.7", "::ffff:192.0.2.7"] }],
    ["ip", "192[.]0.2[.]7", { address: ["192.0.2.7", "::ffff:192.0.2.7"] }],
    ["ip", "::FFFF:192.0.2.7", { address: ["192.0.2.7", "::ffff:192.0.2.7"] }],
    ["ip", "::ffff:c000:207", { address: ["192.0.2.7", "::ffff:192.0.2.7"] }],
    ["ip", "2001:DB8::0007", { address: V6 }],
    ["ip", "[2001:db8:0:0::7]", { address: V6 }],
    ["ip", "192.0.2.0/24", { range4: ["192.0.2.0/24"] }],
    ["ip", "2001:DB8::/32", { range6: ["2001:db8::/32"] }],
    ["ip", "192.0.2.0/33", { text: ["192.0.2.0/33"] }],
    ["ip", "192.0.2.256", { text: ["192.0.2.256"] }],
    ["host", "WS-042", { shortHost: ["WS-042"] }],
    ["host", "ws-042.contoso.com.", { fullHost: ["ws-042.contoso.com", "ws-042"] }],
    ["host", "192.0.2.7", { text: ["192.0.2.7"] }],
    ["host", "c".repeat(40), { deviceId: ["c".repeat(40)] }],
    ["hash", HASHES[0] ?? "", { md5: [HASHES[0]] }],
    ["hash", HASHES[1] ?? "", { sha1: [HASHES[1]] }],
    ["hash", HASHES[2] ?? "", { sha256: [HASHES[2]] }],
    ["hash", "xyz", { text: ["xyz"] }],
    ["user", "jdoe", { name: ["jdoe"] }],
    ["user", "CONTOSO\\jdoe", { shortDomain: ["CONTOSO\\jdoe"] }],
    ["user", "contoso.com\\jdoe", { fullDomain: ["contoso.com\\jdoe", "contoso\\jdoe"] }],
    ["user", "jdoe@contoso.com", { upn: ["jdoe@contoso.com"] }],
    ["user", "S-1-5-21-1-2-3-1100", { sid: ["S-1-5-21-1-2-3-1100"] }],
    ["user", "8F14E45F-CEEA-467A-9575-3D6A1D2B4C6E", { objectId: ["8F14E45F-CEEA-467A-9575-3D6A1D2B4C6E"] }],
    ["url", "evil[.]example", { host: ["evil.example"] }],
    [
      "url",
      "hxxps://Evil[.]example/a?b=c",
      { url: ["https://Evil.example/a?b=c", "Evil.example/a?b=c"], site: ["evil.example"] },
    ],
    [
      "url",
      "https://evil.example/",
      {
        url: ["https://evil.example", "https://evil.example/", "evil.example", "evil.example/"],
        site: ["evil.example"],
      },
    ],
    [
      "url",
      "evil.example:8080/a",
      {
        url: ["http://evil.example:8080/a", "https://evil.example:8080/a", "evil.example:8080/a"],
        site: ["evil.example"],
      },
    ],
    ["url", "not a url", { text: ["not a url"] }],
    ["email", "mailto:Ann@contoso.com", { mailbox: ["Ann@contoso.com"] }],
    ["email", "Ann <ann[at]contoso[.]com>", { mailbox: ["ann@contoso.com"] }],
    ["email", "nobody", { text: ["nobody"] }],
  ])("reads the %s %s", (kind, text, reading) => {
    expect(readEntity(kind, text)).toEqual(reading);
  });

  it("undoes defanging and nothing else", () => {
    expect(refang("hXXp[:]//a(.)b{dot}c")).toBe("http://a.b.c");
    expect(refang("hxxp[://]a.b")).toBe("http://a.b");
    expect(refang("https://a.b/hxxp/[x]")).toBe("https://a.b/hxxp/[x]");
  });

  it.each(["user@host", "a@b.co, junk", "@contoso.com", "a@b@c.co"])("takes %j for no mailbox", (text) => {
    expect(isMailbox(text)).toBe(false);
  });
});
