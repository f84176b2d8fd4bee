/** What Node warns of while a test runs, such as too many listeners. */
import { onTestFinished } from "vitest";

export function collectWarnings(): readonly string[] {
  const warnings: string[] = [];
  const note = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  return warnings;
}
