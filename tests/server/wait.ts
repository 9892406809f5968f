/** Waits that end: each fails with the name of the event that did not happen. */
import { setTimeout as pause } from "node:timers/promises";

/** Far more than any event of these suites takes on a busy machine. */
const PATIENCE_MS = 60_000;
const STEP_MS = 10;

/** Wait until `holds` returns true. Throw after `PATIENCE_MS`, with `what` did not happen. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !holds(); await pause(STEP_MS))
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
}

/** Call `attempt` until it returns true. Throw after `PATIENCE_MS`, with `what` did not happen; an error of `attempt` ends it too. */
export async function repeat(what: string, attempt: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await attempt()); await pause(STEP_MS))
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
}

/** Read a stream of text, after `seen`, until it contains `text`; return all that was read. Throw at its end, or after `PATIENCE_MS`. */
export async function readUntil(reader: ReadableStreamDefaultReader<string>, text: string, seen = ""): Promise<string> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel();
  }, PATIENCE_MS);
  try {
    while (!seen.includes(text)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`${late ? `not within ${PATIENCE_MS} ms` : "the stream ended"}: ${text} in ${seen}`);
      seen += value;
    }
    return seen;
  } finally {
    clearTimeout(timer);
  }
}
