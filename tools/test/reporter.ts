import { readFileSync } from "node:fs";
import type { TestEvent } from "node:test/reporters";

/** The verdict on one test. */
export interface Told {
  readonly name: string;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why it was skipped, or how it failed. */
  readonly reason: string;
}

/** A line of the notes: the start of a test, the verdict on it, or, at the end of the suite, its processor time. */
export type Note = Told | { readonly started: string } | { readonly processorS: number };

/** Report a `node:test` suite to the runner: a note on each line, as JSON. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const trail: string[] = [];
  for await (const { type, data } of source) {
    if (type === "test:dequeue") yield line({ started: data.name });
    if (type === "test:start") trail.splice(data.nesting, Infinity, data.name);
    if (type !== "test:pass" && type !== "test:fail") continue;
    const isSuite = (data.details as { type?: string }).type === "suite";
    const name = [...trail.slice(0, data.nesting), data.name].join(" > ");
    const skip = data.skip ?? data.todo;
    if (type === "test:fail" && data.todo === undefined) {
      // A group that fails only because a test in it did is not a failure of its own.
      const error = data.details.error as Error & { failureType?: string; cause?: unknown };
      if (error.failureType === "subtestsFailed") continue;
      yield line({ name, verdict: "failed", reason: explain(error) });
    } else if (skip !== undefined && skip !== false) {
      yield line({ name, verdict: "skipped", reason: typeof skip === "string" && skip !== "" ? skip : "" });
    } else if (!isSuite && type === "test:pass") {
      yield line({ name, verdict: "passed", reason: "" });
    }
  }
  yield line({ processorS: processorS() });
}

function line(note: Note): string {
  return `${JSON.stringify(note)}\n`;
}

/** Clock ticks of `/proc` in a second: the same on every Linux. */
const TICKS = 100;

/** Measure the processor time, user and system, of this process and of its children that ended. */
function processorS(): number {
  const { user, system } = process.cpuUsage();
  try {
    const fields = readFileSync("/proc/self/stat", "latin1").split(") ").at(-1)!.split(" ");
    const [userOfChildren, systemOfChildren] = fields.slice(13, 15).map(Number);
    return (user + system) / 1e6 + (userOfChildren! + systemOfChildren!) / TICKS;
  } catch {
    return (user + system) / 1e6;
  }
}

/** Describe the error that the test threw, without node:test's wrapper around it. */
function explain(error: Error & { cause?: unknown }): string {
  const { cause } = error;
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return cause === undefined ? error.message : String(cause);
}
