/** The change of a run: what is accepted, what is sent, what is so already, and the way back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Change,
  changeBack,
  changeSchema,
  isAlreadySo,
  ownChangeInput,
  patchFor,
  refuseChange,
  withOwn,
} from "../../src/bulk/change.ts";
import { refuseTemplate, renderTemplate } from "../../src/bulk/comment-template.ts";
import type { Incident } from "../../src/contract/incident.ts";
import { pick } from "../../src/contract/incident-change.ts";

const INCIDENT: Incident = { id: "29", status: "active", customTags: ["Demo"], displayName: "Mails" };

function change(asked: object): Change {
  return changeSchema.parse(ownChangeInput.parse(asked));
}

describe("a change", () => {
  it("is asked for in the words of update_incident", () => {
    const asked = {
      status: "Closed",
      classification: ["True Positive"],
      determination: "phishing",
      add_tags: "a, b",
    };
    expect(patchFor(change(asked), INCIDENT)).toEqual({
      status: "resolved",
      classification: "truePositive",
      determination: "phishing",
      customTags: ["Demo", "a", "b"],
    });
  });

  it.each([
    [{}, /^at least one of the parameters .*resolving_comment, comment$/],
    [{ determination: "phishing" }, /^determination: given "Phishing" without a classification/],
    [{ assign_to: "ada@contoso.com", unassign: true }, /^unassign: given true beside assign_to/],
    [{ comment: "{title}" }, /^comment: given "{title}"; allowed: {id}, {displayName}/],
  ])("%j is refused", (asked, sentence) => {
    expect(refuseChange(change(asked))).toEqual([expect.stringMatching(sentence)]);
  });

  it.each([{ comment: "Seen" }, { status: "resolved" }, { unassign: true }, { add_tags: ["x"] }])(
    "%j is enough",
    (asked) => expect(refuseChange(change(asked))).toEqual([]),
  );

  it("gives way to what an item sets in its own way", () => {
    const run = change({ status: "resolved", assign_to: "ada@contoso.com" });
    expect(withOwn(run, { status: "active", unassign: true })).toMatchObject({
      status: "active",
      assign_to: null,
      unassign: true,
    });
    expect(withOwn(change({ unassign: true }), { assign_to: "ben@contoso.com" })).toMatchObject({
      assign_to: "ben@contoso.com",
      unassign: false,
    });
    expect(withOwn(run)).toEqual(run);
  });

  it("is made already where every field is so, in any case and order of tags", () => {
    const asked = change({ status: "resolved", add_tags: "demo,VIP", comment: "Done" });
    expect(isAlreadySo(asked, { ...INCIDENT, status: "Resolved", customTags: ["VIP", "Demo"] })).toBe(true);
    expect(isAlreadySo(asked, { ...INCIDENT, status: "Resolved" })).toBe(false);
    expect(isAlreadySo(change({ comment: "Done" }), INCIDENT)).toBe(false);
  });

  it("cannot be put back as a whole when one value was none that Graph takes", () => {
    expect(changeBack({ status: "active", classification: null })).toEqual({});
    expect(changeBack({ assignedTo: null, resolvingComment: null })).toEqual({
      unassign: true,
      clear_resolving_comment: true,
    });
  });
});

const text = fc.string({ minLength: 1 });
const tags = fc.array(text, { maxLength: 3 });
const incidents: fc.Arbitrary<Incident> = fc.record({
  id: fc.constant("29"),
  status: fc.constantFrom("active", "inProgress", "resolved", "awaitingAction"),
  classification: fc.constantFrom("unknown", "truePositive", "falsePositive"),
  determination: fc.constantFrom("unknown", "phishing", "notMalicious", "a word of tomorrow"),
  assignedTo: fc.option(text),
  customTags: fc.oneof(tags, fc.constant(null)),
  resolvingComment: fc.option(text),
});
const changes: fc.Arbitrary<Change> = fc
  .record(
    {
      status: fc.constantFrom("active", "resolved"),
      classification: fc.constantFrom("truePositive", "falsePositive"),
      determination: fc.constantFrom("phishing", "notMalicious"),
      assign_to: text,
      unassign: fc.boolean(),
      add_tags: tags,
      remove_tags: tags,
      resolving_comment: text,
    },
    { requiredKeys: [] },
  )
  .map((own) => changeSchema.parse(own));

describe("for any incident and any change", () => {
  it("it is so once it is made, and put back exactly", () => {
    fc.assert(
      fc.property(incidents, changes, (before, asked) => {
        const patch = patchFor(asked, before);
        const after: Incident = { ...before, ...patch };
        expect(isAlreadySo(asked, after)).toBe(Object.keys(patch).length > 0 || asked.comment === null);
        const was = pick(before, patch);
        const stored = changeSchema.parse(JSON.parse(JSON.stringify(changeBack(was))));
        const restored = { ...after, ...patchFor(stored, after) };
        const empty = { customTags: [] };
        expect({ ...empty, ...drop(restored) }).toEqual({ ...empty, ...drop(before) });
      }),
    );
  });
});

/** Without null, for no tags are an empty list or null. */
function drop(incident: Incident): Record<string, unknown> {
  return Object.fromEntries(Object.entries(incident).filter(([, value]) => value !== null));
}

describe("a comment", () => {
  it("holds fields of its incident, and braces", () => {
    const incident = { ...INCIDENT, customTags: [], severity: "high" };
    expect(renderTemplate("{DisplayName} ({severity}): {customTags} {{x}} {assignedTo}", incident)).toBe(
      "Mails (high): none {x} none",
    );
  });

  it.each(["{", "}", "{}", "{a{id}}", "{constructor}"])("%j is refused", (template) => {
    expect(refuseTemplate(template)).toMatch(/^given .*allowed: {id}/);
  });

  it("takes what a field holds for text, whatever it looks like", () => {
    const nasty = fc.oneof(
      fc.string(),
      fc.constantFrom("{assignedTo}", "{{", "}}", "$&", "$1", "$<name>", "{"),
    );
    fc.assert(
      fc.property(nasty, nasty, (displayName, assignedTo) => {
        const shown = renderTemplate("[{displayName}|{assignedTo}]", {
          id: "29",
          displayName,
          assignedTo,
        });
        expect(shown).toBe(`[${displayName || "none"}|${assignedTo || "none"}]`);
      }),
    );
  });
});
