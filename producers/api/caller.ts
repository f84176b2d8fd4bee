/** Who calls, and what that allows: one place for all bounds, whatever way the call came. */
import { Failure } from "../../src/contract/failure.ts";
import type { Head } from "../../src/results/record.ts";
import type { Token } from "./tokens.ts";

export interface Caller {
  /** Null: no token was asked for, so it is whoever is on this machine. */
  name: string | null;
  /** Whether there are jobs that it may not see. */
  isBound: boolean;
  mayRun(action: string, instance: string): boolean;
  /** On some instance. */
  mayRunSomewhere(action: string): boolean;
  sees(head: Pick<Head, "action" | "instance" | "caller">): boolean;
}

export const ANYONE: Caller = {
  name: null,
  isBound: false,
  mayRun: () => true,
  mayRunSomewhere: () => true,
  sees: () => true,
};

export function callerOf({ name, instances, actions, allCases }: Token): Caller {
  const mayRun = (action: string, instance: string): boolean =>
    (actions === null || actions.has(action)) && (instances === null || instances.has(instance));
  return {
    name,
    isBound: !allCases || instances !== null || actions !== null,
    mayRun,
    mayRunSomewhere: (action) => actions === null || actions.has(action),
    sees: ({ action, instance, caller }) => mayRun(action, instance) && (allCases || caller === name),
  };
}

/** 403: outside of what the token is bound to. Says nothing about whether such a thing exists. */
export function forbidden(message: string): Failure {
  return new Failure("permission_denied", message, {
    hint: "Ask whoever keeps API_TOKENS for a token with wider bounds.",
  });
}

/** Throws `permission_denied` unless the caller may run the action there. */
export function demandRun(caller: Caller, action: string, instance: string): void {
  if (caller.mayRun(action, instance)) return;
  throw forbidden(
    `token ${caller.name}: may not run ${JSON.stringify(action)} on the instance ${JSON.stringify(instance)}`,
  );
}
