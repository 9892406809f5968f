import { availableParallelism } from "node:os";
import { readTree } from "../check/tree.ts";
import { Trouble } from "../trouble.ts";
import { nearest, processorOf } from "./nearest.ts";
import { changedSince, reach } from "./reach.ts";
import { endAll, run, type Outcome } from "./run.ts";
import { schedule } from "./schedule.ts";
import { stepsTo, suites, type Suite } from "./suites.ts";

/** Options of `signet test`. */
export interface Options {
  /** Cores to keep busy; those of the machine unless said. */
  readonly jobs?: number;
  readonly timeout: number;
  readonly list?: boolean;
  /** Only tests whose name, or whose group's, holds this text. */
  readonly name?: string;
  /** Only suites that a change of the working tree can reach. */
  readonly changed?: boolean;
  /** The commit that the working tree is compared with; the last unless said. */
  readonly since?: string;
  /** Processor time for the suites that a change can reach, by their weights, in seconds. */
  readonly within: number;
}

/** Lines shown of a failure: enough to act on, with the next one still in sight. */
const REASON_LINES = 40;

/** Run the suites, print what became of each, end in `N passed, N failed, N skipped`; tells whether none failed. */
export async function test(words: readonly string[], options: Options): Promise<boolean> {
  const { jobs = availableParallelism(), timeout: timeoutS, name } = options;
  const chosen = choose(words, options);
  if (options.list) {
    for (const { files } of chosen) process.stdout.write(`${files.join("\n")}\n`);
    return true;
  }
  if (chosen.length === 0) {
    process.stdout.write("no suite depends on the changes\n");
    return true;
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      endAll();
      process.stdout.write("interrupted\n");
      process.exit(130);
    });
  }
  const outcomes: Outcome[] = [];
  await schedule(chosen, jobs, async (suite) => {
    const outcome = await run(suite, { timeoutS, name });
    outcomes.push(outcome);
    if (outcome.passed + outcome.failures.length + outcome.skips.length > 0) print(outcome);
  });
  if (name !== undefined && outcomes.every(({ passed, failures }) => passed + failures.length === 0))
    throw new Trouble(
      `no name of a test contains "${name}"`,
      'the comparison is literal; a name is group and test, joined by " > "',
    );
  return sum(outcomes);
}

/** The suites that are asked for, the longest first. */
function choose(words: readonly string[], { name, changed, since, within }: Options): Suite[] {
  const isNamed = (path: string): boolean => words.length === 0 || words.some((word) => path.includes(word));
  if (suites(isNamed).length === 0)
    throw new Trouble(`no suite has the name ${words.join(" or ")}`, "npm test -- --list prints them all");
  if (!changed && since === undefined && name === undefined) return suites(isNamed);
  const tree = readTree();
  if (name !== undefined) {
    // A name that is put together when the suite runs stands in no file: then all are asked.
    const holding = suites((path) => isNamed(path) && (tree.get(path)?.includes(name) ?? false));
    return holding.length > 0 ? holding : suites(isNamed);
  }
  const distance = reach(tree, changedSince(since ?? "HEAD"));
  const reached = suites((path) => isNamed(path) && distance.has(path));
  const taken = nearest(reached, (suite) => stepsTo(suite, distance), within);
  const out = reached.length - taken.length;
  process.stdout.write(`the change can reach ${reached.length} suites\n`);
  if (out > 0)
    process.stdout.write(
      `left out: ${out} of them, beyond ${within} s of processor; --within ${Math.ceil(processorOf(reached))} runs all\n`,
    );
  return taken;
}

function print({ suite, passed, failures, skips, seconds, processorS }: Outcome): void {
  const counts = [
    `${passed} passed`,
    ...(failures.length ? [`${failures.length} failed`] : []),
    ...(skips.length ? [`${skips.length} skipped`] : []),
  ];
  const mark = failures.length ? "fail" : "ok  ";
  const processor = `${processorS?.toFixed(1) ?? "?"}`.padStart(6);
  process.stdout.write(
    `${mark} ${seconds.toFixed(1).padStart(6)} s  ${processor} s of processor  ${suite.path}  (${counts.join(", ")})\n`,
  );
  for (const { name, reason: whole } of failures) {
    const reason = whole.split("\n").slice(0, REASON_LINES).join("\n");
    process.stdout.write(`${`${name}\n${reason}`.replace(/^/gm, "      ")}\n`);
  }
}

/** Say once more what failed, why anything was skipped, and the sums. */
function sum(outcomes: readonly Outcome[]): boolean {
  const failed = outcomes.flatMap(({ suite, failures }) => failures.map(({ name }) => `${suite.path}: ${name}`));
  const skipped = outcomes.flatMap(({ suite, skips }) =>
    skips.map(({ name, reason }) => `${suite.path}: ${name}: ${reason}`),
  );
  const passed = outcomes.reduce((total, outcome) => total + outcome.passed, 0);
  if (skipped.length > 0) process.stdout.write(`\nskipped:\n${skipped.map((line) => `  ${line}\n`).join("")}`);
  if (failed.length > 0) process.stdout.write(`\nfailed:\n${failed.map((line) => `  ${line}\n`).join("")}`);
  process.stdout.write(`\n${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`);
  return failed.length === 0 && passed > 0;
}
