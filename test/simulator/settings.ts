/** What can be switched while the simulator runs: quotas, roles, lifetimes, and answers that nobody has verified. */
import { z } from "zod";
import { parseLimits } from "./quota.ts";

const limits = z
  .string()
  .refine((text) => {
    try {
      return parseLimits(text).length > 0;
    } catch {
      return false;
    }
  }, 'expected limits such as "45/1m" or "45/1m,1500/1h"')
  .nullable();

const roles = ["SecurityIncident.ReadWrite.All", "SecurityIncident.Read.All", "ThreatHunting.Read.All"];

export const settingsSchema = z.strictObject({
  /** Off for benches: nothing is recorded, and waits never end. */
  ledger: z.boolean().default(true),
  /** Sliding windows, `N/<k>(ms|s|m|h)`; null turns a lane's quota off. Incidents: by tenant and app. Hunting: by tenant. */
  quotas: z
    .strictObject({ incidents: limits.default("150/1m"), hunting: limits.default("45/1m") })
    .prefault({}),
  retryAfter: z.enum(["seconds", "date", "none"]).default("seconds"),
  throttleText: z.enum(["calls", "cpu"]).default("calls"),
  tokenLifetimeSeconds: z.int().positive().default(3599),
  /** Application roles that tokens issued from now on carry. */
  roles: z.array(z.string()).default(roles),
  /** What a write to a merged (redirected) incident answers: undocumented, so all three can be had. */
  redirectedWrite: z.union([z.literal(200), z.literal(400), z.literal(404)]).default(200),
  commentMaxChars: z.int().positive().default(30_000),
  /** Refuse a determination that does not belong to the classification. */
  strictDetermination: z.boolean().default(false),
  /** How long reads go on showing the state before a write. */
  settleMs: z.int().nonnegative().default(0),
  /** Add `X@odata.type` keys, which are in no schema, to hunting rows. */
  odataNoise: z.boolean().default(false),
  dynamicAs: z.enum(["object", "text"]).default("object"),
  maxRows: z.int().positive().default(100_000),
  maxResultBytes: z.int().positive().default(50_000_000),
  bigTable: z
    .strictObject({
      rows: z.int().nonnegative().default(10_000),
      rowBytes: z.int().nonnegative().default(200),
    })
    .prefault({}),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;

const changeSchema = z.looseObject({
  quotas: z.looseObject({}).optional(),
  bigTable: z.looseObject({}).optional(),
});

/** Merges a partial change, one level deep, and checks the whole. Throws a ZodError. */
export function mergeSettings(current: Settings, change: unknown): Settings {
  const { quotas, bigTable, ...rest } = changeSchema.parse(change);
  return settingsSchema.parse({
    ...current,
    ...rest,
    quotas: { ...current.quotas, ...quotas },
    bigTable: { ...current.bigTable, ...bigTable },
  });
}
