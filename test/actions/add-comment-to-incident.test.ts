import { describe, expect, it } from "vitest";
import { addCommentToIncident, composeComment } from "../../src/actions/add-comment-to-incident.ts";
import type { Incident } from "../../src/contract/incident.ts";
import { done, openWrite, RecordingDefender, type Situation, situate } from "./recording-defender.ts";

const MARK = "[ref 7KQ2M9XA]";
const INCIDENT: Incident = { id: "29", incidentWebUrl: "https://security.microsoft.com/incidents/29" };
const MERGED: Incident = { id: "30", redirectIncidentId: "31" };
const SURVIVOR: Incident = { id: "31", incidentWebUrl: "https://security.microsoft.com/incidents/31" };

const read = (input: object = {}) =>
  addCommentToIncident.input.parse({ case_id: "4711", incident_id: "29", comment: "Seen.", ...input });

async function comment(input: object, situation: Situation = {}) {
  const situated = situate({ defender: new RecordingDefender(INCIDENT), ...situation });
  const outcome = done(await addCommentToIncident.run(read(input), situated.context));
  return { outcome, sent: situated.defender.callsOf("addComment"), notes: situated.notes };
}

describe("a comment", () => {
  it("is sent with its mark last, and given back alone out of the list", async () => {
    const defender = new RecordingDefender(INCIDENT);
    defender.comment("29", "Somebody else's.");
    const { outcome, sent, notes } = await comment({}, { defender });
    expect(sent).toEqual([["29", `Seen.\n\n${MARK}`]]);
    expect(outcome).toMatchObject({
      isSuccess: true,
      message: "Successfully added comment to incident 29 in Microsoft 365 Defender.",
      json: { comment: `Seen.\n\n${MARK}`, createdByDisplayName: "API-App" },
      incident: { id: "29", requested_id: "29", url: INCIDENT.incidentWebUrl },
      warnings: [],
    });
    expect(notes).toEqual([{ incident_id: "29", mark: MARK, same_before: 0 }]);
  });

  it("goes to the survivor of a merge, and says so", async () => {
    const defender = new RecordingDefender(MERGED, SURVIVOR);
    const { outcome, sent } = await comment({ incident_id: 30 }, { defender });
    expect(sent).toEqual([["31", `Seen.\n\n${MARK}`]]);
    expect(outcome.message).toContain("incident 30");
    expect(outcome.incident).toEqual({ id: "31", requested_id: "30", url: SURVIVOR.incidentWebUrl });
    expect(outcome.warnings).toEqual(["Incident 30 was merged into 31; the comment is there."]);
  });

  it("that is there already, though nobody remembers sending it, is not sent again", async () => {
    const defender = new RecordingDefender(INCIDENT);
    defender.comment("29", `Seen.\n\n${MARK}`);
    const { outcome, sent } = await comment({}, { defender });
    expect(sent).toEqual([]);
    expect(outcome).toMatchObject({
      isSuccess: true,
      json: { comment: `Seen.\n\n${MARK}` },
      warnings: ["The comment was found on reading back; it was not sent again."],
    });
  });

  it("for an incident that is not there fails and writes nothing", async () => {
    const { context, defender } = situate();
    await expect(addCommentToIncident.run(read(), context)).rejects.toMatchObject({
      code: "not_found",
      message: 'incident "29" wasn\'t found in Microsoft 365 Defender',
    });
    expect(defender.callsOf("addComment")).toEqual([]);
  });

  it("bears the case as well when COMMENT_REFERENCE is case, in plain ASCII", async () => {
    const { sent } = await comment({}, { settings: { commentReference: "case" }, caseId: "Fall ü]#7" });
    expect(sent[0]?.[1]).toBe("Seen.\n\n[ref 7KQ2M9XA case Fall___#7]");
    expect(sent[0]?.[1]).toMatch(/\[ref [0-9A-HJKMNP-TV-Z]{8}( case [ -~]+)?\]$/);
  });

  it("bears no mark when COMMENT_REFERENCE is off, but notes how often its text was there", async () => {
    const defender = new RecordingDefender(INCIDENT);
    defender.comment("29", "Seen.");
    const { sent, notes } = await comment({}, { defender, settings: { commentReference: "off" } });
    expect(sent).toEqual([["29", "Seen."]]);
    expect(notes).toEqual([{ incident_id: "29", mark: "", same_before: 1 }]);
  });

  it("that is too long is cut to 30,000 characters, its mark kept, and the reader told", async () => {
    const { outcome, sent } = await comment({ comment: "x".repeat(40_000) });
    const text = String(sent[0]?.[1]);
    expect(text).toHaveLength(30_000);
    expect(text.endsWith(`x […]\n\n${MARK}`)).toBe(true);
    expect(outcome.warnings).toEqual(["The comment was cut to 30000 characters."]);
  });

  it("that just fits is not cut", () => {
    const room = 30_000 - "\n\n".length - MARK.length;
    expect(composeComment("x".repeat(room), MARK).isCut).toBe(false);
    expect(composeComment("x".repeat(room + 1), MARK).isCut).toBe(true);
  });

  it("is never cut through a character, and loses what no one can see", () => {
    for (const length of [29_970, 29_971, 29_972, 29_973, 29_974, 29_975, 29_976]) {
      const { text } = composeComment(`${"x".repeat(length)}${"🚨".repeat(20)}`, MARK);
      expect(text.isWellFormed()).toBe(true);
      expect(text.length).toBeLessThanOrEqual(30_000);
    }
    expect(composeComment("a\u0000b\u001bc\u007f\n\td\ud800", "").text).toBe("abc\n\td\ufffd");
  });
});

describe("a comment whose answer was lost", () => {
  interface Found {
    before?: readonly string[];
    since?: readonly string[];
    ageMs?: number;
    situation?: Situation;
  }

  /** Sends it to an incident with `before`, forgets it, puts `since` there, and looks. */
  async function verify({ before = [], since = [], ageMs = 0, situation = {} }: Found) {
    const earlier = new RecordingDefender(INCIDENT);
    for (const text of before) earlier.comment("29", text);
    const { notes } = await comment({}, { ...situation, defender: earlier });
    const defender = new RecordingDefender(INCIDENT);
    for (const text of [...before, ...since]) defender.comment("29", text);
    const { context } = situate({ ...situation, defender });
    const outcome = await addCommentToIncident.verify(read(), context, openWrite(notes[0] ?? {}, ageMs));
    expect(defender.callsOf("addComment")).toEqual([]);
    return outcome;
  }

  it("is found by its mark, and not sent again", async () => {
    const outcome = done(await verify({ since: [`Seen.\n\n${MARK}`, "A later one."] }));
    expect(outcome.json).toMatchObject({ comment: `Seen.\n\n${MARK}` });
    expect(outcome.warnings).toEqual(["The comment was found on reading back; it was not sent again."]);
  });

  it("is waited for while the answer may still be on its way", async () => {
    expect(await verify({ ageMs: 20_000 })).toEqual({ kind: "again", waitFor: "settle", delayMs: 40_000 });
    expect(await verify({ ageMs: 59_999 })).toMatchObject({ kind: "again", delayMs: 1 });
  });

  it("is sent again once COMMENT_SETTLE is over and it is not there", async () => {
    expect(await verify({ ageMs: 60_000 })).toBeNull();
    expect(await verify({ ageMs: 500, situation: { settings: { commentSettleMs: 500 } } })).toBeNull();
  });

  it("is not taken for one with the mark of another job, nor for the same text without a mark", async () => {
    expect(await verify({ since: ["Seen.\n\n[ref 0000000A]", "Seen."], ageMs: 60_000 })).toBeNull();
  });

  it("is told from one into which a user pasted its mark", async () => {
    const since = [`Seen.\n\n${MARK}`, `As I said in ${MARK} before.\n\n[ref 0000000A]`];
    expect(done(await verify({ since })).json).toMatchObject({ comment: `Seen.\n\n${MARK}` });
    expect(await verify({ since: since.slice(1), ageMs: 60_000 })).toBeNull();
  });

  it("is recognised by the mark that it was sent with, whatever the setting is now", async () => {
    const defender = new RecordingDefender(INCIDENT);
    defender.comment("29", `Seen.\n\n${MARK}`);
    const { context } = situate({ defender, settings: { commentReference: "off" } });
    const note = { incident_id: "29", mark: MARK, same_before: 0 };
    expect(done(await addCommentToIncident.verify(read(), context, openWrite(note))).isSuccess).toBe(true);
  });

  it("without a mark is one more of the exact text", async () => {
    const situation: Situation = { settings: { commentReference: "off" } };
    const before = ["Seen.", "Seen."];
    expect(await verify({ before, ageMs: 60_000, situation })).toBeNull();
    expect(await verify({ before, since: ["Seen!"], ageMs: 60_000, situation })).toBeNull();
    expect(done(await verify({ before, since: ["Seen."], situation })).isSuccess).toBe(true);
  });

  it("stays where it was when the incident was merged since, or is found at the survivor", async () => {
    for (const home of ["29", "31"]) {
      const defender = new RecordingDefender({ ...INCIDENT, redirectIncidentId: "31" }, SURVIVOR);
      defender.comment(home, `Seen.\n\n${MARK}`);
      const { context } = situate({ defender });
      const note = { incident_id: "29", mark: MARK, same_before: 0 };
      const outcome = done(await addCommentToIncident.verify(read(), context, openWrite(note)));
      expect(outcome.incident).toMatchObject({ id: home, requested_id: "29" });
    }
  });
});
