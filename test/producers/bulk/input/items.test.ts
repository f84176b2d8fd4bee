/** Lists of incidents as people have them: what is read, and what is said of bad rows. */
import { describe, expect, it } from "vitest";
import { readItems, rowsOf, rowsOfIds } from "../../../../producers/bulk/input/items.ts";
import { type Change, changeSchema } from "../../../../src/bulk/change.ts";
import type { Item } from "../../../../src/bulk/run.ts";
import { Failure } from "../../../../src/contract/failure.ts";

const RESOLVE = changeSchema.parse({ status: "resolved" });
const NOTHING = changeSchema.parse({});

/** The text arrives in pieces of `pieceBytes`, as from a pipe. */
function list(text: string | Uint8Array, pieceBytes = 7) {
  const bytes = Buffer.from(text);
  async function* stream() {
    for (let start = 0; start < bytes.length; start += pieceBytes)
      yield bytes.subarray(start, start + pieceBytes);
  }
  return rowsOf({ name: "list", stream: stream() });
}

async function itemsOf(rows: ReturnType<typeof list>, change: Change = RESOLVE, size = 2): Promise<Item[]> {
  const items: Item[] = [];
  for await (const portion of readItems(rows, change, { size })) {
    expect(portion.length).toBeLessThanOrEqual(size);
    items.push(...portion);
  }
  return items;
}

async function refusalOf(rows: ReturnType<typeof list>, change: Change = RESOLVE): Promise<string[]> {
  const error = await itemsOf(rows, change).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Failure);
  return error instanceof Failure ? error.message.split("\n") : [];
}

describe("what is read", () => {
  it("one id a line, with blank lines, spaces, a byte order mark and any ends of lines", async () => {
    expect(await itemsOf(list("\uFEFF1\r\n\n  2 \n003"))).toEqual([{ id: "1" }, { id: "2" }, { id: "3" }]);
  });

  it("CSV by its header, whose names may be those of a spreadsheet", async () => {
    const text = `Incident ID,Status,"Add tags",comment\n1,In Progress,"a,b","say ""hi"",\nthen go"\n2,,,\n`;
    expect(await itemsOf(list(text))).toEqual([
      { id: "1", change: { status: "inProgress", add_tags: ["a", "b"], comment: 'say "hi",\nthen go' } },
      { id: "2" },
    ]);
  });

  it.each([";", "\t"])("CSV separated by %j", async (separator) => {
    expect(await itemsOf(list(`id${separator}status\n1${separator}active\n`))).toEqual([
      { id: "1", change: { status: "active" } },
    ]);
  });

  it("NDJSON, with lists and numbers as they are", async () => {
    const text = `{"incident_id":1,"add_tags":["a","b"],"unassign":true}\n\n{"id":"2"}`;
    expect(await itemsOf(list(text))).toEqual([
      { id: "1", change: { add_tags: ["a", "b"], unassign: true } },
      { id: "2" },
    ]);
  });

  it("characters that a pipe cuts in two", async () => {
    const text = "id,comment\n1,größer 🎈\n";
    expect(await itemsOf(list(text, 1))).toEqual([{ id: "1", change: { comment: "größer 🎈" } }]);
  });

  it("nothing at all", async () => {
    expect(await itemsOf(list("\n \n"))).toEqual([]);
    expect(await itemsOf(list("incident_id\n"))).toEqual([]);
  });

  it("a change that only the rows have", async () => {
    expect(await itemsOf(list("id,status\n1,active\n"), NOTHING)).toEqual([
      { id: "1", change: { status: "active" } },
    ]);
  });
});

describe("bad rows are told all at once, with their line", () => {
  it("in a list of ids", async () => {
    expect(await refusalOf(list("1\n12a\n3\n-4\n"))).toEqual([
      'list:2: incident_id: given "12a"; allowed: the number of an incident, such as 29',
      'list:4: incident_id: given "-4"; allowed: the number of an incident, such as 29',
      "list: 2 rows cannot be read; nothing was sent",
    ]);
  });

  it("in CSV: values, counts of values and quotes", async () => {
    const text = `id,status,classification\n1,Done,\n2,active\n3,active,"tp"x\n4,active,\n,active,\n6,"active,\n`;
    const [status, count, quote, id, open, sum] = await refusalOf(list(text));
    expect(status).toBe('list:2: status: given "Done"; allowed: Active, In Progress, Resolved');
    expect(count).toBe("list:3: given 2 values; allowed: 3, as in the header");
    expect(quote).toContain("list:4: a quote stands inside a value");
    expect(id).toContain("list:6: incident_id: given");
    expect(open).toBe("list:7: a quote is opened and never closed");
    expect(sum).toBe("list: 5 rows cannot be read; nothing was sent");
  });

  it("and one with a stray quote spoils none behind it", async () => {
    const text = `id,comment\n1,"fine,\n\nreally"\n2,5" disk\n3,x\nfour,y\n`;
    expect(await refusalOf(list(text))).toEqual([
      "list:5: a quote is opened and never closed",
      expect.stringContaining("list:7: incident_id: given"),
      "list: 2 rows cannot be read; nothing was sent",
    ]);
  });

  it("unknown columns are named once, and a missing or repeated one too", async () => {
    expect(await refusalOf(list("id,state,owner\n1,a,b\n2,a,b\n"))).toEqual([
      expect.stringMatching(/^list:1: no column is named "state" or "owner"; allowed: incident_id, status, /),
      "list: 1 row cannot be read; nothing was sent",
    ]);
    expect(await refusalOf(list("status\nactive\n"))).toContain("list:1: the column incident_id is missing");
    expect(await refusalOf(list("id,Incident ID\n1,1\n"))).toContain(
      "list:1: the column incident_id is there twice",
    );
  });

  it("in NDJSON", async () => {
    expect(await refusalOf(list(`{"id":1}\n{"id":\n[1]\n{"id":2,"sate":"x"}\n`))).toEqual([
      'list:2: given "{\\"id\\":"; allowed: one JSON object a line',
      'list:3: given "[1]"; allowed: one JSON object a line',
      expect.stringContaining('list:4: no column is named "sate"; allowed: incident_id'),
      "list: 3 rows cannot be read; nothing was sent",
    ]);
  });

  it("a pair that no row may have, also when half of it comes from the run", async () => {
    const change = changeSchema.parse({ classification: "falsePositive" });
    const [pair] = await refusalOf(list("id,determination\n1,Malware\n2,Not Malicious\n"), change);
    expect(pair).toMatch(/^list:2: determination: given "Malware" with classification False Positive/);
  });

  it("a row that sets nothing", async () => {
    const [nothing] = await refusalOf(list("id,status\n1,\n"), NOTHING);
    expect(nothing).toContain("list:2: at least one of the parameters should have a value");
  });

  it("what is no text", async () => {
    expect(await refusalOf(list(Buffer.from([0x31, 0x0a, 0xff, 0xfe])))).toEqual([
      "list: given bytes that are no text; allowed: UTF-8",
    ]);
    expect(await refusalOf(list(`1${"2".repeat(1_100_000)}`, 65_536))).toEqual([
      "list:1: the line has no end",
    ]);
  });

  it("to a listener as they are read, and then not in the error", async () => {
    const sentences: string[] = [];
    const reading = async () => {
      const rows = list("x1\n1\n");
      for await (const _ of readItems(rows, RESOLVE, { size: 1, onBadRow: (one) => sentences.push(one) }));
    };
    await expect(reading()).rejects.toThrow(/^list: 1 row cannot be read; nothing was sent$/);
    expect(sentences).toHaveLength(1);
  });
});

it("ids that are given as such are named by their place", async () => {
  expect(await itemsOf(rowsOfIds([1, "2"]))).toEqual([{ id: "1" }, { id: "2" }]);
  expect(await refusalOf(rowsOfIds(["1", "x"], "--ids"))).toContain(
    '--ids:2: incident_id: given "x"; allowed: the number of an incident, such as 29',
  );
});
