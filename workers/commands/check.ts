/** `defender-actions check`: one line for each thing that a worker needs. */
import type { Command } from "commander";
import { EXIT } from "../../src/exit.ts";
import { printJson, printText } from "../../src/output.ts";
import { check } from "../check.ts";
import type { Finding } from "../finding.ts";

export function defineCheck(command: Command): void {
  command.option("--json", "print JSON").action(async ({ json }: { json?: boolean }) => {
    const findings: Finding[] = [];
    for await (const finding of check()) {
      findings.push(finding);
      if (!json) await printText(formatFinding(finding));
    }
    if (json) await printJson(findings.map(({ unreachable: _, ...finding }) => finding));
    process.exitCode = exitCodeOf(findings);
  });
}

function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(({ unreachable }) => unreachable)) return EXIT.unreachable;
  return findings.some(({ ok }) => ok === false) ? EXIT.failed : EXIT.done;
}

function formatFinding({ check: name, instance, ok, message, hint }: Finding): string {
  const verdict = ok === null ? "skip" : ok ? "ok  " : "FAIL";
  const what = instance === undefined ? name : `${name} (${instance})`;
  const rest = [message, hint].filter((text) => text !== undefined).join(" - ");
  return `${verdict}  ${what.padEnd(26)}  ${rest.replaceAll("\n", "; ")}`;
}
