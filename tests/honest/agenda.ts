/** Time in which nothing waits: what is due comes one after the other, and the clock jumps from one to the next. */
import type { Clock } from "../../tools/line/clock.ts";

interface Entry {
  readonly at: number;
  readonly order: number;
  then: (() => void) | undefined;
}

export class Agenda implements Clock {
  #now = 0;
  #count = 0;
  /** A binary heap: the entry that is due first is at 0. */
  readonly #heap: Entry[] = [];
  /** Work outside of this time, such as a request to the server: time stands still until it is done. */
  readonly #pending = new Set<Promise<unknown>>();

  now(): number {
    return this.#now;
  }

  after(ms: number, then: () => void): () => void {
    const entry: Entry = { at: this.#now + ms, order: this.#count++, then };
    this.#push(entry);
    return () => (entry.then = undefined);
  }

  /** Hold the time still until `work` is done. */
  hold(work: Promise<unknown>): void {
    this.#pending.add(work);
  }

  /** Let `ms` pass. Entries of one moment run before anything that they held is waited for, so that requests can overlap. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > end || (next.at > this.#now && this.#pending.size > 0)) {
        if (this.#pending.size === 0) break;
        const held = [...this.#pending];
        await Promise.all(held);
        for (const work of held) this.#pending.delete(work);
        continue;
      }
      this.#pop();
      this.#now = next.at;
      next.then?.();
    }
    this.#now = end;
  }

  #before(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a]!, this.#heap[b]!];
    return one.at < other.at || (one.at === other.at && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }

  #push(entry: Entry): void {
    let at = this.#heap.push(entry) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && this.#before(at, parent); at = parent, parent = (at - 1) >> 1)
      this.#swap(at, parent);
  }

  #pop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < this.#heap.length && this.#before(child, least)) least = child;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }
}
