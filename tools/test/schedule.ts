import type { Weight } from "./suites.ts";

/** Items for each core that run at once at most, however little they compute: each takes memory too. */
const MOST = 2;

/**
 * Start each item as soon as the cores that it needs are free, and wait for all: the first that fits is next, so that a
 * light item runs beside a heavy one. An item that needs more cores than there are runs alone.
 */
export async function schedule<Item extends Weight>(
  items: readonly Item[],
  cores: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const running = new Set<Promise<void>>();
  let free = cores;
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex((item) => item.cores <= free + 0.01 || running.size === 0);
    if (next === -1 || running.size >= MOST * cores) {
      await Promise.race(running);
      continue;
    }
    const [item] = waiting.splice(next, 1);
    free -= item!.cores;
    const job: Promise<void> = work(item!).finally(() => {
      free += item!.cores;
      running.delete(job);
    });
    running.add(job);
  }
}
