/** The table of variables in docs/operating.md, made of the schema and .env.example; `--check` only compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { VARIABLE_SCHEMAS } from "../../src/config.ts";

const fileOf = (name: string): URL => new URL(`../../${name}`, import.meta.url);
const GUIDE = fileOf("docs/operating.md");
const PART = /(<!-- variables -->\n)[\s\S]*?(<!-- \/variables -->)/;

/** What no schema takes, so that it says what it allows. */
const NONSENSE = "\u0000";

function allowedFor(name: string): string {
  const refused = VARIABLE_SCHEMAS.get(name)?.safeParse(NONSENSE).error?.issues[0]?.message ?? "";
  return /allowed: (.*)$/.exec(refused)?.[1] ?? "";
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
const code = (text: string): string => (text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``);

/** Meaning and default come from .env.example, which a test holds against the schema. */
export function makeTable(): string {
  const lines: string[] = [];
  let comments: string[] = [];
  let followsVariable = false;
  for (const line of readFileSync(fileOf(".env.example"), "utf8").split("\n")) {
    const [, title] = /^# --- (.*?) ---/.exec(line) ?? [];
    const [, off, name, value = ""] = /^(#?)([A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (title !== undefined) {
      lines.push(
        "",
        `### ${title}`,
        "",
        "| variable | default | allowed | meaning |",
        "| --- | --- | --- | --- |",
      );
      comments = [];
    } else if (name !== undefined) {
      const byDefault = off === "" ? value : "";
      lines.push(
        `| ${[code(name), code(byDefault), cell(allowedFor(name)), cell(comments.join(" "))].join(" | ")} |`,
      );
      followsVariable = true;
      continue;
    } else if (line === "") comments = [];
    else comments = [...(followsVariable ? [] : comments), line.replace(/^# ?/, "").trim()];
    followsVariable = false;
  }
  return `${lines.join("\n").trim()}\n`;
}

export function isUpToDate(): boolean {
  const guide = readFileSync(GUIDE, "utf8");
  return guide === withTable(guide);
}

function withTable(guide: string): string {
  if (!PART.test(guide)) throw new Error("docs/operating.md has no place for the table of variables");
  return guide.replace(PART, (_, begin: string, end: string) => `${begin}\n${makeTable()}\n${end}`);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  if (!argv.includes("--check")) writeFileSync(GUIDE, withTable(readFileSync(GUIDE, "utf8")));
  else if (!isUpToDate()) {
    process.stderr.write("docs/operating.md: the table of variables is old; run npm run docs:variables\n");
    process.exitCode = 1;
  }
}
