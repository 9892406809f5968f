import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CHOSEN } from "../facts/family.ts";
import { loadBoard } from "../firmware/board.ts";
import { choose, type ChoiceName } from "../firmware/choices.ts";
import { Trouble } from "../trouble.ts";
import { clangFormatted, prettierFormatted } from "./format.ts";
import { device } from "./rules/device.ts";
import { copies, generated } from "./rules/generated.ts";
import { language } from "./rules/language.ts";
import { cycles, layers, named, siblings } from "./rules/layers.ts";
import { guards, promises, walks } from "./rules/promises.ts";
import { constantTime, secrets } from "./rules/secrets.ts";
import { barrels, boards, lengths, markers, places, readmes } from "./rules/tidy.ts";
import { isAssembly, paths, readTree, ROOT, type Rule } from "./tree.ts";

/** The rules of the design, each a program. */
export const RULES: readonly Rule[] = [
  layers,
  named,
  siblings,
  cycles,
  barrels,
  device,
  secrets,
  constantTime,
  boards,
  readmes,
  markers,
  lengths,
  places,
  generated,
  copies,
  promises,
  guards,
  walks,
  language,
];

/** Return the complaints of a part of the check: an empty text if there are none. */
type Part = () => Promise<string>;

/** Caches of two programs for unchanged files. */
const KEEP_TYPES = ["--incremental", "--tsBuildInfoFile", "build/check/types"];
const KEEP_FORMAT = ["--cache", "--cache-strategy", "content", "--cache-location", "build/check/format"];

/** The compiler skips code of a constant condition that is false: these boards and choices have each condition both ways. */
export const COMPILED: readonly (readonly [board: string, ...choices: ChoiceName[]])[] = [
  ["mps2-an386"],
  ["mps2-an385", "cloud", "mqtt"],
  ["mps2-an386", "public", "http", "small", "tickets"],
  ["microbit", "own", "udp", "pins"],
  ["bluepill", "esp-at", "pubsub"],
  ["mps2-an386", "quectel", "udp", "baud"],
  ["mps2-an385", "no-tls", "framed"],
  ...CHOSEN.map((driver) => ["mps2-an386", driver] as const),
];

/** Compile every file of `assembly/` as an entry, so that files without an importer are compiled too, for a board with these choices. */
async function compile(board: string, choices: readonly ChoiceName[]): Promise<string> {
  const sources = paths().filter((path) => isAssembly(path) && path.startsWith("assembly/") && !path.endsWith(".d.ts"));
  const { use } = choose(await loadBoard(board), choices);
  const uses = Object.entries(use).flatMap(([name, value]) => ["--use", `${name}=${value}`]);
  // Its configuration disables 235, a class that is not exported.
  const config = join(ROOT, "tools/check/asconfig.json");
  const said = await run("assemblyscript/bin/asc.js", [...sources, ...uses, "--config", config], true);
  return said && `${[board, ...choices].join(", ")}:\n${said}`;
}

const PARTS: Record<string, Part> = {
  rules: async () => {
    const tree = readTree();
    const lines = RULES.flatMap(({ name, find }) =>
      find(tree).map(({ path, line, message }) => `${path}${line ? `:${line}` : ""}: ${message} [${name}]`),
    );
    return lines.join("\n");
  },
  types: () => run("typescript/bin/tsc", ["--project", "tsconfig.json", "--pretty", "false", ...KEEP_TYPES]),
  assembly: async () => (await Promise.all(COMPILED.map(([board, ...choices]) => compile(board, choices)))).join(""),
  lint: () =>
    run("oxlint/bin/oxlint", ["--deny-warnings", "--format", "unix", "tools", "tests", "boards"].filter(exists)),
  format: () =>
    run("prettier/bin/prettier.cjs", ["--check", "--log-level", "warn", ...KEEP_FORMAT, ...prettierFormatted()]),
  clang: async () => {
    const files = clangFormatted();
    return files.length === 0 ? "" : command("clang-format", ["--dry-run", "-Werror", ...files]);
  },
};

/** Run the check, or some parts of it; print the faults, and return true if there are none. */
export async function check(parts: readonly string[]): Promise<boolean> {
  const unknown = parts.filter((part) => !(part in PARTS));
  if (unknown.length > 0)
    throw new Trouble(`no part called ${unknown.join(", ")}`, `the parts are ${Object.keys(PARTS).join(" ")}`);
  let good = true;
  for (const [name, part] of Object.entries(PARTS)) {
    if (parts.length > 0 && !parts.includes(name)) continue;
    const started = performance.now();
    const said = (await part()).trim();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${said ? "fail" : "ok  "}  ${name.padEnd(9)} ${seconds.padStart(5)} s\n`);
    if (said) process.stdout.write(`${said.replace(/^/gm, "      ")}\n`);
    good &&= said === "";
  }
  if (!good)
    process.stdout.write("hint: `npm run format` repairs the format; tools/check/README.md explains the rules\n");
  return good;
}

/** Omit a folder that does not exist yet. */
function exists(argument: string): boolean {
  return argument.startsWith("-") || argument === "unix" || existsSync(join(ROOT, argument));
}

/** Run a program of an npm package; its output counts as faults if it fails, or if it should be silent. */
function run(script: string, args: readonly string[], silent = false): Promise<string> {
  return command(process.execPath, [join(ROOT, "node_modules", script), ...args], silent);
}

function command(program: string, args: readonly string[], silent = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (said += bytes));
    child.on("error", (error) =>
      reject(new Trouble(`${program} cannot be started: ${error.message}`, "npm run check installs it on Debian")),
    );
    child.on("close", (code) =>
      resolve(code === 0 && !(silent && said.trim()) ? "" : said || `ended with code ${code}`),
    );
  });
}
