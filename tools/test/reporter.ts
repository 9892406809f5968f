import type { TestEvent } from "node:test/reporters";

/** What the runner needs to know of one test of a `node:test` suite. */
export interface Told {
  readonly name: string;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why it was skipped, or how it failed. */
  readonly reason: string;
}

/** A `node:test` reporter: one line of JSON a finished test, for the runner to read. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const trail: string[] = [];
  for await (const { type, data } of source) {
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
}

function line(told: Told): string {
  return `${JSON.stringify(told)}\n`;
}

/** The error a test threw, rather than node:test's wrapper around it. */
function explain(error: Error & { cause?: unknown }): string {
  const { cause } = error;
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return cause === undefined ? error.message : String(cause);
}
