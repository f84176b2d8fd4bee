import { describe, expect, it } from "vitest";
import { updateIncident } from "../../src/actions/update-incident.ts";
import { describeInvalid } from "../../src/contract/failure.ts";
import type { Incident } from "../../src/contract/incident.ts";
import { done, failed, openWrite, RecordingDefender, type Situation, situate } from "./recording-defender.ts";

const INCIDENT: Incident = {
  id: "29",
  status: "active",
  classification: "unknown",
  determination: "unknown",
  assignedTo: null,
  customTags: ["Demo", "Phish"],
  incidentWebUrl: "https://security.microsoft.com/incidents/29",
  severity: "high",
};
const MERGED: Incident = { ...INCIDENT, id: "30", status: "redirected", redirectIncidentId: "31" };
const SURVIVOR: Incident = {
  ...INCIDENT,
  id: "31",
  incidentWebUrl: "https://security.microsoft.com/incidents/31",
};

const read = (input: object) => updateIncident.input.parse({ case_id: "4711", incident_id: "29", ...input });

function refusal(input: object): string {
  const parsed = updateIncident.input.safeParse({ case_id: "4711", incident_id: "29", ...input });
  return parsed.success ? "accepted" : describeInvalid(parsed.error);
}

async function update(input: object, situation: Situation = {}) {
  const situated = situate({ defender: new RecordingDefender(INCIDENT), ...situation });
  const outcome = await updateIncident.run(read(input), situated.context);
  return { outcome, patches: situated.defender.callsOf("updateIncident"), notes: situated.notes };
}

async function patchOf(input: object): Promise<unknown> {
  const { patches } = await update(input);
  expect(patches).toHaveLength(1);
  return patches[0]?.[1];
}

describe("the patch of an update", () => {
  it.each([
    [{ status: ["Resolved"] }, { status: "resolved" }],
    [{ status: "In Progress" }, { status: "inProgress" }],
    [{ classification: "False Positive" }, { classification: "falsePositive" }],
    [
      { classification: "True Positive", determination: "Phishing" },
      { classification: "truePositive", determination: "phishing" },
    ],
    [{ determination: "Not Available" }, { determination: "unknown" }],
    [{ assign_to: "ada@contoso.com" }, { assignedTo: "ada@contoso.com" }],
    [{ unassign: true }, { assignedTo: null }],
    [{ unassign: "true", assign_to: "Select One" }, { assignedTo: null }],
    [{ resolving_comment: "Mails purged." }, { resolvingComment: "Mails purged." }],
    [{ add_tags: "VIP, demo" }, { customTags: ["Demo", "Phish", "VIP"] }],
    [{ remove_tags: ["PHISH"] }, { customTags: ["Demo"] }],
    [{ add_tags: "New", remove_tags: "demo,phish" }, { customTags: ["New"] }],
    [{ status: "Active", assign_to: "", add_tags: [] }, { status: "active" }],
  ])("of %j holds %j and nothing else", async (input, patch) => {
    expect(await patchOf(input)).toEqual(patch);
  });

  it("starts the tags of an incident that has none", async () => {
    const defender = new RecordingDefender({ id: "29", customTags: null });
    const { patches } = await update({ add_tags: "VIP" }, { defender });
    expect(patches).toEqual([["29", { customTags: ["VIP"] }]]);
  });
});

describe("an update", () => {
  it("gives the incident as Graph returned it, in the SOAR's own words", async () => {
    const { outcome, notes } = await update({ status: "Resolved" });
    expect(done(outcome)).toMatchObject({
      isSuccess: true,
      message: "Successfully updated incident 29 in Microsoft 365 Defender",
      json: { ...INCIDENT, status: "resolved", lastModifiedBy: "us" },
      incident: { id: "29", requested_id: "29", url: INCIDENT.incidentWebUrl },
      warnings: [],
    });
    expect(notes).toEqual([{ before: { status: "active" }, patch: { status: "resolved" } }]);
  });

  it("of an incident that is not there fails and writes nothing", async () => {
    const { context, defender } = situate();
    await expect(updateIncident.run(read({ status: "Active" }), context)).rejects.toMatchObject({
      code: "not_found",
      message: 'incident "29" wasn\'t found in Microsoft 365 Defender',
    });
    expect(defender.callsOf("updateIncident")).toEqual([]);
  });

  it("warns of a determination that the portal no longer offers", async () => {
    const { outcome } = await update({ classification: "True Positive", determination: "Apt" });
    expect(done(outcome).warnings).toEqual([
      'The portal no longer offers the determination "Apt" with True Positive.',
    ]);
  });

  it.each([
    [{}, /^at least one of the parameters should have a value provided/],
    [{ status: "Select One", assign_to: " ", add_tags: "," }, /^at least one of the parameters/],
    [{ follow_redirect: true }, /^at least one of the parameters/],
    [{ unassign: true, assign_to: "ada" }, /^unassign: given true beside assign_to "ada"; allowed: one of/],
    [{ determination: "Phishing" }, /^determination: given "Phishing" without a .* True Positive$/],
    [
      { classification: "False Positive", determination: "Malware" },
      /^determination: given "Malware" with .*allowed: Not Malicious/,
    ],
    [{ status: "redirected" }, /^status: given "redirected"; allowed: Active, In Progress, Resolved$/],
    [{ incident_id: "29/../30", status: "Active" }, /^incident_id: given "29\/..\/30"; allowed: the number/],
  ])("%j is refused at enqueue: %s", (input, sentence) => {
    expect(refusal(input)).toMatch(sentence);
  });

  it("is held to the SOAR's own rule when STRICT_DETERMINATION is on", async () => {
    const { outcome, patches } = await update(
      { classification: "False Positive", determination: "Not Malicious" },
      { settings: { strictDetermination: true } },
    );
    expect(failed(outcome).failure).toMatchObject({ code: "invalid_input" });
    expect(failed(outcome).failure.message).toContain("STRICT_DETERMINATION");
    expect(patches).toEqual([]);
  });
});

describe("an update of a merged incident", () => {
  const merged = { incident_id: 30, status: "Resolved" };
  const defender = () => new RecordingDefender(MERGED, SURVIVOR);

  it("is a conflict that names the survivor and its link, and writes nothing", async () => {
    const { outcome, patches } = await update(merged, { defender: defender() });
    const { failure, incident } = failed(outcome);
    expect(failure.code).toBe("conflict");
    expect(failure.message).toBe(
      'incident "30" was merged into incident "31" (https://security.microsoft.com/incidents/31)',
    );
    expect(failure.details.hint).toContain("follow_redirect: true");
    expect(incident).toEqual({ id: "31", requested_id: "30", url: SURVIVOR.incidentWebUrl });
    expect(patches).toEqual([]);
  });

  it("goes to the survivor when follow_redirect says so", async () => {
    const { outcome, patches } = await update({ ...merged, follow_redirect: true }, { defender: defender() });
    expect(patches).toEqual([["31", { status: "resolved" }]]);
    expect(done(outcome).message).toBe("Successfully updated incident 30 in Microsoft 365 Defender");
    expect(done(outcome).incident).toMatchObject({ id: "31", requested_id: "30" });
  });
});

describe("an update whose answer was lost", () => {
  const asked = { status: "Resolved", assign_to: "ada@contoso.com", add_tags: "VIP" };

  /** What an earlier attempt noted, and what the incident has become since. */
  async function verify(change: Partial<Incident>) {
    const { notes } = await update(asked);
    const defender = new RecordingDefender({ ...INCIDENT, ...change });
    const { context } = situate({ defender });
    const outcome = await updateIncident.verify(read(asked), context, openWrite(notes[0] ?? {}));
    expect(defender.callsOf("updateIncident")).toEqual([]);
    return outcome;
  }
  const APPLIED = { status: "resolved", assignedTo: "ada@contoso.com", customTags: ["Demo", "Phish", "VIP"] };

  it("is done when the incident is already as asked, in any case and order", async () => {
    const outcome = await verify({ ...APPLIED, status: "Resolved", customTags: ["VIP", "Phish", "Demo"] });
    expect(done(outcome).isSuccess).toBe(true);
    expect(done(outcome).warnings).toEqual(["The update had already been made by an earlier attempt."]);
  });

  it("is sent again when nothing has changed", async () => {
    expect(await verify({})).toBeNull();
  });

  it("is sent again when only some of it was applied", async () => {
    expect(await verify({ status: "resolved" })).toBeNull();
  });

  it("is a conflict with both values when someone else has set a field to something else", async () => {
    const { failure, incident } = failed(await verify({ assignedTo: "ben@contoso.com" }));
    expect(failure.code).toBe("conflict");
    expect(failure.message).toBe(
      'incident "29" was changed by someone else meanwhile: assignedTo is "ben@contoso.com" (was null, asked for "ada@contoso.com")',
    );
    expect(incident?.id).toBe("29");
  });

  it("is no conflict when someone else has changed a field that it does not set", async () => {
    expect(done(await verify({ ...APPLIED, classification: "falsePositive" })).isSuccess).toBe(true);
    expect(await verify({ severity: "low" })).toBeNull();
  });

  it("merges its tags anew with those that someone else has set meanwhile", async () => {
    expect(await verify({ ...APPLIED, customTags: ["Demo", "Theirs"] })).toBeNull();
    const defender = new RecordingDefender({ ...INCIDENT, customTags: ["Demo", "Theirs"] });
    const { patches } = await update(asked, { defender });
    expect(patches[0]?.[1]).toMatchObject({ customTags: ["Demo", "Theirs", "VIP"] });
    expect(done(await verify({ ...APPLIED, customTags: ["vip", "Theirs"] })).isSuccess).toBe(true);
  });

  it("is a conflict when the incident was merged since", async () => {
    const { notes } = await update(asked);
    const defender = new RecordingDefender({ ...INCIDENT, redirectIncidentId: "31" }, SURVIVOR);
    const { context } = situate({ defender });
    const outcome = await updateIncident.verify(read(asked), context, openWrite(notes[0] ?? {}));
    expect(failed(outcome).failure.message).toContain('merged into incident "31"');
  });
});
