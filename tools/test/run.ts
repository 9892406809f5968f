import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "../check/tree.ts";
import type { Told } from "./reporter.ts";
import type { Suite } from "./suites.ts";

/** What became of one suite. */
export interface Outcome {
  readonly suite: Suite;
  readonly passed: number;
  readonly failures: readonly { name: string; reason: string }[];
  readonly skips: readonly { name: string; reason: string }[];
  readonly seconds: number;
}

/** Process groups of the suites that run now: what an interrupt must end. */
const running = new Set<number>();

/** End every suite that runs, and all that it started. */
export function endAll(): void {
  for (const group of running) endGroup(group);
}

/** Run one suite in a process group of its own; a suite that ran no test, crashed or took too long has failed. */
export async function run(suite: Suite, timeoutS: number): Promise<Outcome> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "signet-test-"));
  try {
    const notes = join(folder, "notes");
    const { code, output, late } = await finish(
      suite.kind === "node"
        ? node(suite.path, notes)
        : aspect(suite.files.length === 1 ? suite.path : await joined(suite.files, folder)),
      timeoutS,
    );
    const told = suite.kind === "node" ? await readNotes(notes) : readSummary(output);
    const failures = told.filter(({ verdict }) => verdict === "failed");
    if (late) failures.push(failure("the suite", `took longer than ${timeoutS} s\n${tail(output)}`));
    else if (code !== 0 && failures.length === 0)
      failures.push(failure("the suite", `ended with ${code}\n${tail(output)}`));
    else if (told.length === 0) failures.push(failure("the suite", `ran no test\n${tail(output)}`));
    const skips = told.filter(({ verdict }) => verdict === "skipped");
    for (const skip of skips) if (skip.reason === "") failures.push(failure(skip.name, "was skipped without a reason"));
    return {
      suite,
      passed: told.filter(({ verdict }) => verdict === "passed").length,
      failures,
      skips,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function failure(name: string, reason: string): Told {
  return { name, verdict: "failed", reason };
}

/** The last lines of what a suite printed. */
function tail(output: string): string {
  return output.trimEnd().split("\n").slice(-40).join("\n");
}

/** The command line that runs a node:test suite and notes each test's verdict in a file. */
function node(path: string, notes: string): string[] {
  const reporter = pathToFileURL(join(ROOT, "tools", "test", "reporter.ts")).href;
  return ["--import", "tsx", `--test-reporter=${reporter}`, `--test-reporter-destination=${notes}`, path];
}

/** The command line that compiles and runs an as-pect suite. */
function aspect(path: string): string[] {
  const unit = join("tests", "unit");
  const asp = join("node_modules", "@as-pect", "cli", "bin", "asp");
  return [asp, "--no-logo", "-c", join(unit, "as-pect.config.js"), "-a", join(unit, "as-pect.asconfig.json"), path];
}

/** A module that imports these files, in `folder`: what as-pect compiles to run them all. */
async function joined(files: readonly string[], folder: string): Promise<string> {
  const path = join(folder, "all.spec.ts");
  const imports = files.map((file) => `import "${relative(folder, join(ROOT, file)).replace(/\.ts$/, "")}";\n`);
  await writeFile(path, imports.join(""));
  return path;
}

/** Run Node with these arguments; when it is over, nothing that it started is left. */
function finish(args: string[], timeoutS: number): Promise<{ code: string | number; output: string; late: boolean }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined },
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
    // Nobody is left in it.
  }
}

/** What the reporter noted; nothing if the suite ended before it began. */
async function readNotes(path: string): Promise<Told[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Told] : []));
}

/** Count what as-pect's summary says, and take its lines on failures as they are. */
function readSummary(output: string): Told[] {
  const told: Told[] = [];
  for (const [, mark, passed, total, todo] of output.matchAll(/^(✔|❌) \S+ Pass: (\d+) \/ (\d+) Todo: (\d+)/gm)) {
    for (let at = 0; at < Number(passed); at++) told.push({ name: "", verdict: "passed", reason: "" });
    for (let at = 0; at < Number(todo); at++) told.push({ name: "todo", verdict: "skipped", reason: "" });
    const names = [...output.matchAll(/^ {4}❌ (.*?) - (.*(?:\n {6}\S.*)*)/gm)];
    for (let at = Number(passed); at < Number(total); at++) {
      const [, name, reason] = names[at - Number(passed)] ?? ["", "a test", tail(output)];
      told.push(failure(name!, reason!));
    }
    if (mark === "❌" && passed === total) told.push(failure("the suite", tail(output)));
  }
  return told;
}
