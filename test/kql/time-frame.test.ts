/** The six time frames, by example; their laws are in the properties. */
import { describe, expect, it } from "vitest";
import { parseIsoTime } from "../../src/kql/iso-time.ts";
import { lostToRetention, resolveWindow, type TimeFrame } from "../../src/kql/time-frame.ts";

const WEDNESDAY = new Date("2026-03-18T10:30:15.250Z");

function windowOf(time_frame: TimeFrame, start: string | null = null, end: string | null = null) {
  const request = { time_frame, start_time: start, end_time: end };
  const { window, warnings } = resolveWindow(request, WEDNESDAY);
  return { start: window.start.toISOString(), end: window.end.toISOString(), warnings };
}

describe("resolveWindow", () => {
  it.each<[TimeFrame, string, string]>([
    ["Last Hour", "2026-03-18T09:30:15.250Z", "2026-03-18T10:30:15.250Z"],
    ["Last 6 Hours", "2026-03-18T04:30:15.250Z", "2026-03-18T10:30:15.250Z"],
    ["Last 24 Hours", "2026-03-17T10:30:15.250Z", "2026-03-18T10:30:15.250Z"],
    ["Last Week", "2026-03-09T00:00:00.000Z", "2026-03-16T00:00:00.000Z"],
    ["Last Month", "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"],
  ])("reads %s as of the anchor", (frame, start, end) => {
    expect(windowOf(frame)).toEqual({ start, end, warnings: [] });
  });

  it("says that start and end are ignored with a relative frame", () => {
    expect(windowOf("Last Hour", "2026-01-01T00:00:00Z").warnings).toEqual([
      "start_time and end_time apply to the time frame Custom only; Last Hour was used.",
    ]);
  });

  it("ends a custom window at the anchor when it has no end", () => {
    expect(windowOf("Custom", "2026-03-18T12:00:00+02:00")).toEqual({
      start: "2026-03-18T10:00:00.000Z",
      end: "2026-03-18T10:30:15.250Z",
      warnings: [],
    });
  });

  it("takes a time without a zone as UTC, and says so", () => {
    const { start, end, warnings } = windowOf("Custom", "2026-03-17", "2026-03-18 08:00");
    expect([start, end]).toEqual(["2026-03-17T00:00:00.000Z", "2026-03-18T08:00:00.000Z"]);
    expect(warnings).toEqual([
      "start_time has no zone; it was taken as UTC.",
      "end_time has no zone; it was taken as UTC.",
    ]);
  });

  it.each([
    ["no start", null, null, `"Start Time" should be provided`],
    [
      "a start in the future",
      "2026-03-18T10:31:00Z",
      null,
      "allowed: a time before 2026-03-18T10:30:15.250Z",
    ],
    [
      "a start in the future, with an end",
      "2027-01-01T00:00:00Z",
      "2027-02-01T00:00:00Z",
      "allowed: a time before",
    ],
    [
      "a start at the end",
      "2026-03-01T00:00:00Z",
      "2026-03-01T01:00:00+01:00",
      "allowed: a time before the end",
    ],
  ])("refuses %s", (_case, start, end, message) => {
    expect(() => windowOf("Custom", start, end)).toThrow(message);
  });
});

describe("parseIsoTime", () => {
  it.each([
    ["2026-03-18T10:30:15Z", "2026-03-18T10:30:15.000Z", true],
    ["2026-03-18t10:30z", "2026-03-18T10:30:00.000Z", true],
    ["2026-03-18T10:30:15.1234567Z", "2026-03-18T10:30:15.123Z", true],
    ["2026-03-18T00:30:00+05:30", "2026-03-17T19:00:00.000Z", true],
    ["2026-03-18T10:30:00-0800", "2026-03-18T18:30:00.000Z", true],
    ["2026-03-18T10:30:00-08", "2026-03-18T18:30:00.000Z", true],
    ["2024-02-29", "2024-02-29T00:00:00.000Z", false],
  ])("reads %s", (text, time, hasZone) => {
    expect(parseIsoTime(text)).toEqual({ time: new Date(time), hasZone });
  });

  it.each([
    "yesterday",
    "2026-02-30",
    "2025-02-29T00:00:00Z",
    "2026-13-01",
    "2026-03-18T24:00:00Z",
    "18/03/2026",
    "1773829815",
    "",
  ])("refuses %j", (text) => {
    expect(parseIsoTime(text)).toBeNull();
  });
});

describe("lostToRetention", () => {
  const window = (start: string, end: string) => ({ start: new Date(start), end: new Date(end) });

  it("loses nothing of the last thirty days", () => {
    expect(lostToRetention(window("2026-02-16T10:30:15.250Z", "2026-03-01T00:00:00Z"), WEDNESDAY)).toBeNull();
  });

  it("loses what is older", () => {
    expect(lostToRetention(window("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"), WEDNESDAY)).toEqual(
      window("2026-02-01T00:00:00Z", "2026-02-16T10:30:15.250Z"),
    );
  });

  it("loses all of a window that ended before", () => {
    const old = window("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z");
    expect(lostToRetention(old, WEDNESDAY)).toEqual(old);
  });
});
