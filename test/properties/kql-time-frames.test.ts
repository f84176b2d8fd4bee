/** What holds for the time frames at any moment: half-open, in UTC, and adjoining from one calendar period to the next. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIsoTime } from "../../src/kql/iso-time.ts";
import { lostToRetention, resolveWindow, type TimeFrame } from "../../src/kql/time-frame.ts";

const DAY_MS = 86_400_000;
const moment = fc.date({
  min: new Date("2000-01-01T00:00:00Z"),
  max: new Date("2099-12-31T00:00:00Z"),
  noInvalidDate: true,
});

function windowOf(time_frame: TimeFrame, anchor: Date) {
  return resolveWindow({ time_frame, start_time: null, end_time: null }, anchor).window;
}

describe("time frames", () => {
  it.each<[TimeFrame, number]>([
    ["Last Hour", 1],
    ["Last 6 Hours", 6],
    ["Last 24 Hours", 24],
  ])("%s ends at the anchor and is as long as it says", (frame, hours) => {
    fc.assert(
      fc.property(moment, (anchor) => {
        const { start, end } = windowOf(frame, anchor);
        expect(end).toEqual(anchor);
        expect(end.getTime() - start.getTime()).toBe(hours * 3_600_000);
      }),
    );
  });

  it("Last Week is seven days from a Monday at midnight, and ends in the week of the anchor", () => {
    fc.assert(
      fc.property(moment, (anchor) => {
        const { start, end } = windowOf("Last Week", anchor);
        for (const edge of [start, end]) {
          expect(edge.getUTCDay()).toBe(1);
          expect(edge.getTime() % DAY_MS).toBe(0);
        }
        expect(end.getTime() - start.getTime()).toBe(7 * DAY_MS);
        const sinceMs = anchor.getTime() - end.getTime();
        expect(sinceMs).toBeGreaterThanOrEqual(0);
        expect(sinceMs).toBeLessThan(7 * DAY_MS);
      }),
    );
  });

  it("Last Month is from a first at midnight to the first of the anchor's month", () => {
    fc.assert(
      fc.property(moment, (anchor) => {
        const { start, end } = windowOf("Last Month", anchor);
        expect(end.toISOString()).toBe(`${anchor.toISOString().slice(0, 7)}-01T00:00:00.000Z`);
        const lastDay = new Date(end.getTime() - 1);
        expect(start.toISOString()).toBe(`${lastDay.toISOString().slice(0, 7)}-01T00:00:00.000Z`);
      }),
    );
  });

  it.each<TimeFrame>(["Last Week", "Last Month"])("%s adjoins the one before", (frame) => {
    fc.assert(
      fc.property(moment, (anchor) => {
        const { start } = windowOf(frame, anchor);
        expect(windowOf(frame, start).end).toEqual(start);
      }),
    );
  });

  it("a custom window is exactly what was asked, whatever the zone it was written in", () => {
    const offset = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(moment, fc.integer({ min: 1, max: 1e12 }), offset, (start, lengthMs, offsetMinutes) => {
        const end = new Date(start.getTime() + lengthMs);
        const [hours, minutes] = [Math.trunc(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
        const zone = `${offsetMinutes < 0 ? "-" : "+"}${[hours, minutes].map((n) => String(n).padStart(2, "0")).join(":")}`;
        const local = new Date(start.getTime() + offsetMinutes * 60_000).toISOString().replace("Z", zone);
        const request = { time_frame: "Custom" as const, start_time: local, end_time: end.toISOString() };
        expect(resolveWindow(request, new Date(end.getTime() + 1))).toEqual({
          window: { start, end },
          warnings: [],
        });
      }),
    );
  });

  it("a moment is read back from its own ISO text", () => {
    fc.assert(
      fc.property(moment, (time) => {
        expect(parseIsoTime(time.toISOString())).toEqual({ time, hasZone: true });
      }),
    );
  });

  it("what is lost to retention and what is kept make up the window", () => {
    fc.assert(
      fc.property(
        moment,
        fc.nat(90 * DAY_MS),
        fc.integer({ min: 1, max: 90 * DAY_MS }),
        (anchor, backMs, lengthMs) => {
          const start = new Date(anchor.getTime() - backMs);
          const window = { start, end: new Date(start.getTime() + lengthMs) };
          const keptFromMs = anchor.getTime() - 30 * DAY_MS;
          const lost = lostToRetention(window, anchor);
          const lostMs = lost === null ? 0 : lost.end.getTime() - lost.start.getTime();
          expect(lostMs).toBe(Math.max(0, Math.min(window.end.getTime(), keptFromMs) - start.getTime()));
        },
      ),
    );
  });
});
