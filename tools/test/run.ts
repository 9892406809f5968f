import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "../check/tree.ts";
import type { Note, Told } from "./reporter.ts";
import type { Suite } from "./suites.ts";

/** The outcome of one suite. */
export interface Outcome {
  readonly suite: Suite;
  readonly passed: number;
  readonly failures: readonly { name: string; reason: string }[];
  readonly skips: readonly { name: string; reason: string }[];
  readonly seconds: number;
  /** Processor time, user and system, of the suite and its children; undefined if the suite did not end by itself. */
  readonly processorS: number | undefined;
}

/** Process groups of the suites that run now. An interrupt ends them. */
const running = new Set<number>();

/** End every suite that runs, with its child processes. */
export function endAll(): void {
  for (const group of running) endGroup(group);
}

/** Options of a run. */
export interface Manner {
  readonly timeoutS: number;
  /** Only tests whose name, or whose group's, holds this text. */
  readonly name?: string | undefined;
}

/** Run one suite in a process group of its own. A suite that ran no test, crashed or took too long has failed. */
export async function run(suite: Suite, { timeoutS, name }: Manner): Promise<Outcome> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "signet-test-"));
  try {
    const notes = join(folder, "notes");
    const args = suite.kind === "node" ? node(suite.path, notes, name) : aspect(await joined(suite.files, folder));
    const { code, output, late } = await finish(args, { TEST_NOTES: notes }, timeoutS);
    const written = await readNotes(notes);
    const told = written.filter((note) => "verdict" in note).filter((one) => name === undefined || isMeant(one, name));
    if (suite.files.length > 1) await addFiles(told, suite.files);
    const failures = told.filter(({ verdict }) => verdict === "failed");
    if (late) failures.push(failure(unfinished(written), `took longer than ${timeoutS} s\n${tail(output)}`));
    else if (code !== 0 && failures.length === 0 && name === undefined)
      failures.push(failure("the suite", `ended with ${code}\n${tail(output)}`));
    else if (told.length === 0 && (name === undefined || code !== 0))
      failures.push(failure("the suite", `ran no test\n${tail(output)}`));
    const skips = told.filter(({ verdict }) => verdict === "skipped");
    for (const skip of skips) if (skip.reason === "") failures.push(failure(skip.name, "was skipped without a reason"));
    return {
      suite,
      passed: told.filter(({ verdict }) => verdict === "passed").length,
      failures,
      skips,
      seconds: (performance.now() - started) / 1000,
      processorS: written.find((note) => "processorS" in note)?.processorS,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Name the test that was started last and has no verdict. */
function unfinished(notes: readonly Note[]): string {
  const last = notes.findLast((note) => "started" in note || "verdict" in note);
  return last !== undefined && "started" in last ? last.started : "the suite";
}

/** Tell if a verdict is about a test that was asked for: node:test lists the others as skipped. */
function isMeant({ name, reason }: Told, wanted: string): boolean {
  return name.includes(wanted) && reason !== "test name does not match pattern";
}

function failure(name: string, reason: string): Told {
  return { name, verdict: "failed", reason };
}

/** The last lines of a suite's output. */
function tail(output: string): string {
  return output.trimEnd().split("\n").slice(-40).join("\n");
}

/** Add the file to the name of each failed test of a joined module. */
async function addFiles(told: Told[], files: readonly string[]): Promise<void> {
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(join(ROOT, file), "utf8")] as const));
  for (const [at, { name, verdict, reason }] of told.entries()) {
    if (verdict === "passed") continue;
    const pieces = name.split(" > ").map((piece) => JSON.stringify(piece));
    const file = texts.find(([, text]) => pieces.every((piece) => text.includes(piece)))?.[0];
    if (file !== undefined) told[at] = { name: `${file}: ${name}`, verdict, reason };
  }
}

/** The command line that runs a node:test suite and notes each test's verdict in a file. */
function node(path: string, notes: string, name: string | undefined): string[] {
  const reporter = pathToFileURL(join(ROOT, "tools", "test", "reporter.ts")).href;
  const only =
    name === undefined
      ? []
      : [
          `--test-name-pattern=${name
            .split(" > ")
            .at(-1)!
            .replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}`,
        ];
  const loader = pathToFileURL(join(ROOT, "tools", "load.mjs")).href;
  return ["--import", loader, `--test-reporter=${reporter}`, `--test-reporter-destination=${notes}`, ...only, path];
}

/** The command line that compiles a module of as-pect and runs its tests, all of them: they take less than the compilation. */
function aspect(path: string): string[] {
  const asp = join("node_modules", "@as-pect", "cli", "bin", "asp");
  const config = join("tools", "test", "as-pect.config.js");
  return [asp, "--no-logo", "-c", config, "-a", join(ROOT, "tools/test/as-pect.asconfig.json"), path];
}

/** Write a module that imports these files into `folder`; as-pect compiles it to run them all. */
async function joined(files: readonly string[], folder: string): Promise<string> {
  const path = join(folder, "all.spec.ts");
  const imports = files.map((file) => `import "${relative(folder, join(ROOT, file)).replace(/\.ts$/, "")}";\n`);
  await writeFile(path, imports.join(""));
  return path;
}

/** Run Node with these arguments; at its end, end all processes that it started. */
function finish(
  args: string[],
  env: NodeJS.ProcessEnv,
  timeoutS: number,
): Promise<{ code: string | number; output: string; late: boolean }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined, ...env },
    });
    let output = "";
    let late = false;
    const group = child.pid!;
    running.add(group);
    const timer = setTimeout(() => {
      late = true;
      endGroup(group);
    }, timeoutS * 1000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => (output = (output + text).slice(-1_000_000)));
    }
    child.on("exit", () => endGroup(group));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      running.delete(group);
      resolve({ code: code ?? signal ?? "?", output: stripVTControlCharacters(output), late });
    });
  });
}

function endGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // The group has no process left.
  }
}

/** Read the notes of the reporter; there are none if the suite ended before the reporter began. */
async function readNotes(path: string): Promise<Note[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Note] : []));
}
