/** Writes `docs/openapi.json` from the schemas; with `--check` only says whether it is up to date. */
import { readFile, writeFile } from "node:fs/promises";
import { makeOpenApi } from "../../producers/api/openapi.ts";

const file = new URL("../../docs/openapi.json", import.meta.url);
const text = `${JSON.stringify(makeOpenApi(), null, 2)}\n`;

if (!process.argv.includes("--check")) await writeFile(file, text);
else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
  process.stderr.write("docs/openapi.json is out of date: npm run openapi\n");
  process.exitCode = 1;
}
