/** What a running simulator knows and counts, in one place. */
import { Faults } from "./faults.ts";
import { Hunting } from "./hunting/hunting.ts";
import { IncidentStore } from "./incident-store.ts";
import { Ledger } from "./ledger.ts";
import { mergeSettings, type Settings } from "./settings.ts";
import { Throttle } from "./throttle.ts";
import { type App, Tokens } from "./token.ts";

/** All that the control routes can see and change. */
export interface SimulatorState {
  settings: Settings;
  readonly home: App;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly tokens: Tokens;
  readonly store: IncidentStore;
  readonly hunting: Hunting;
  readonly throttle: Throttle;
  change(change: unknown): void;
  reset(incidents?: number): void;
}

/** A fresh state with so many seeded incidents, which a reset without a number restores. */
export function createState(home: App, initial: Settings, incidents: number): SimulatorState {
  const state: SimulatorState = {
    settings: initial,
    home,
    ledger: new Ledger(),
    faults: new Faults(),
    tokens: new Tokens([home]),
    store: new IncidentStore(),
    hunting: new Hunting(),
    throttle: new Throttle(initial.quotas),
    change(change) {
      const merged = mergeSettings(state.settings, change);
      if (JSON.stringify(merged.quotas) !== JSON.stringify(state.settings.quotas)) {
        state.throttle.limit(merged.quotas);
      }
      state.ledger.enabled = merged.ledger;
      state.settings = merged;
    },
    reset(count = incidents) {
      state.store.reseed(count, home.tenant);
      state.hunting.reseed();
      state.faults.clear();
      state.ledger.clear();
      state.throttle.limit(state.settings.quotas);
    },
  };
  state.ledger.enabled = initial.ledger;
  state.reset();
  return state;
}
