import { Trouble } from "../trouble.ts";
import { endAll, run, type Outcome } from "./run.ts";
import { suites, type Suite } from "./suites.ts";

/** How `signet test` runs. */
export interface Options {
  readonly jobs: number;
  readonly timeout: number;
  readonly list?: boolean;
}

/** How much of a failure is shown: enough to act upon, and the next one still in sight. */
const REASON_LINES = 40;

/** Run the suites, print what became of each, end in `N passed, N failed, N skipped`; tells whether none failed. */
export async function test(words: readonly string[], options: Options): Promise<boolean> {
  const chosen = suites(words);
  if (chosen.length === 0)
    throw new Trouble(`no suite is called ${words.join(" or ")}`, "npm test -- --list prints them all");
  if (options.list) {
    for (const { files } of chosen) process.stdout.write(`${files.join("\n")}\n`);
    return true;
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      endAll();
      process.stdout.write("interrupted\n");
      process.exit(130);
    });
  }
  const light = chosen.filter(({ alone }) => !alone);
  const heavy = chosen.filter(({ alone }) => alone);
  const outcomes = [...(await pool(light, options.jobs, options.timeout)), ...(await pool(heavy, 1, options.timeout))];
  return sum(outcomes);
}

/** Run suites, so many at a time, and print each when it is over. */
async function pool(waiting: readonly Suite[], jobs: number, timeoutS: number): Promise<Outcome[]> {
  const queue = [...waiting];
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let suite = queue.shift(); suite; suite = queue.shift()) {
      const outcome = await run(suite, timeoutS);
      outcomes.push(outcome);
      print(outcome);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return outcomes;
}

function print({ suite, passed, failures, skips, seconds }: Outcome): void {
  const counts = [
    `${passed} passed`,
    ...(failures.length ? [`${failures.length} failed`] : []),
    ...(skips.length ? [`${skips.length} skipped`] : []),
  ];
  const mark = failures.length ? "fail" : "ok  ";
  process.stdout.write(`${mark} ${seconds.toFixed(1).padStart(6)} s  ${suite.path}  (${counts.join(", ")})\n`);
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
