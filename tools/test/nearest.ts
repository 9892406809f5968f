import type { Weight } from "./suites.ts";

/** A suite one step further from the change is preferred if it takes this many seconds of processor less. */
const STEP_S = 10;

/** Return the processor time of items, in seconds. */
export function processorOf(items: readonly Weight[]): number {
  return items.reduce((sum, { seconds, cores }) => sum + seconds * cores, 0);
}

/**
 * Choose suites that together take at most `withinS` seconds of processor, and none of them more than `withinS` seconds: the
 * nearest to the change and the cheapest first. `steps` gives the distance of a suite from the change.
 */
export function nearest<Item extends Weight>(
  reached: readonly Item[],
  steps: (item: Item) => number,
  withinS: number,
): Item[] {
  const rank = (item: Item): number => steps(item) + processorOf([item]) / STEP_S;
  const taken: Item[] = [];
  for (const item of reached.toSorted((a, b) => rank(a) - rank(b)))
    if (item.seconds <= withinS && processorOf([...taken, item]) <= withinS) taken.push(item);
  return reached.filter((item) => taken.includes(item));
}
