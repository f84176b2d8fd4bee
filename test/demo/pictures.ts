/** `npm run pictures`: the pictures of bulk runs in the README, taken from the real commands on a real terminal. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import headless from "@xterm/headless";
import { startRedis } from "../support/redis.ts";
import { openRig } from "../support/rig.ts";
import { Cleanup } from "./processes.ts";
import { toSvg } from "./svg.ts";

const BIN = fileURLToPath(new URL("../../dist/src/cli.js", import.meta.url));
const COLUMNS = 100;
const SELECTION = "--where-status Active --where-severity Medium,Low --where-created-before 2030-01-01";
const CHANGE =
  '--status Resolved --classification "False Positive" --determination "Not Malicious" --add-tags noisy-rule';

interface Screen {
  command: string;
  rows: number;
  /** When the picture is taken: as soon as the screen is so, else at the end. */
  isMoment?(lines: readonly string[]): boolean;
}

/** What a terminal shows of a command; it is ended after that. */
async function capture({ command, rows, isMoment }: Screen, env: Record<string, string>): Promise<string[]> {
  const terminal = new headless.Terminal({ cols: COLUMNS, rows, allowProposedApi: true });
  const shown = command.replaceAll(/ (--(?:where-created-before|status|add-tags) )/g, " \\\r\n    $1");
  terminal.write(`$ defender-actions ${shown}\r\n`);
  const run = `stty cols ${COLUMNS} rows ${rows}; exec ${process.execPath} ${BIN} ${command}`;
  const child = spawn("script", ["-qfec", run, "/dev/null"], {
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm-256color", ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "close");
  for await (const bytes of child.stdout) {
    await new Promise<void>((resolve) => terminal.write(bytes, resolve));
    if (isMoment?.(linesOf(terminal))) break;
  }
  const lines = linesOf(terminal);
  child.kill();
  await ended;
  return lines;
}

function linesOf({ buffer: { active } }: headless.Terminal): string[] {
  const lines = Array.from(
    { length: active.length },
    (_, row) => active.getLine(row)?.translateToString(true) ?? "",
  );
  return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}

const cleanup = new Cleanup();
try {
  const redis = await cleanup.start(startRedis(), ({ stop }) => stop());
  const rig = await cleanup.start(
    openRig({
      redisUrl: redis.url,
      settings: { quotas: { incidents: null, hunting: null } },
      env: { DEFENDER_INCIDENT_LIMITS: "40/1s" },
    }),
    (opened) => opened.close(),
  );
  await rig.simulator.reset(2_000);
  await rig.startWorker();
  const env = { REDIS_URL: rig.redisUrl, QUEUE_PREFIX: rig.prefix };
  const asking = `bulk reclassify ${SELECTION} ${CHANGE} --limit 800`;
  const pictures = {
    "bulk-dry-run": { command: `${asking} --dry-run`, rows: 200 },
    "bulk-progress": {
      command: `${asking} --yes`,
      rows: 30,
      isMoment: (lines: readonly string[]) =>
        lines.some((line) => /█ (4[5-9]|5\d) %/.test(line.replaceAll("░", ""))),
    },
  };
  for (const [name, screen] of Object.entries(pictures)) {
    const lines = await capture(screen, env);
    const file = new URL(`../../docs/screenshots/${name}.svg`, import.meta.url);
    await writeFile(file, toSvg(lines, COLUMNS));
    process.stdout.write(`${lines.join("\n")}\n\n${fileURLToPath(file)}\n`);
  }
} finally {
  for (const failure of await cleanup.run()) process.stderr.write(`${String(failure)}\n`);
}
