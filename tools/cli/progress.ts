/** Progress of a long verb, on standard error. */

const EVERY_MS = 5000;

/** Return a function that shows a line at most every five seconds: a verb that is done before shows none. */
export function progressLine<Given extends unknown[]>(line: (...given: Given) => string): (...given: Given) => void {
  let last = performance.now();
  return (...given) => {
    const now = performance.now();
    if (now - last < EVERY_MS) return;
    last = now;
    process.stderr.write(`${line(...given)}\n`);
  };
}
