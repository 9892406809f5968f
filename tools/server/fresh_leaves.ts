/**
 * Fresh leaves: the leaves of reports that this instance stored since the last look of its sequencer. They need not be read from the database
 * again. It is a cache: what is missing here, or was lost by a restart, the sequencer finds in the database.
 */
import * as merkle from "./merkle.ts";
import type { Leaves } from "./tree.ts";

/** Leaves remembered, about 150 bytes each: those of ten seconds at 6,000 reports a second. */
const LEAVES_MAX = 60_000;

/** Reports of one chain, each the next of the one before. */
interface Run {
  readonly stream: Uint8Array;
  /** The counter of the head before the first of them. */
  from: number;
  readonly counters: number[];
  readonly hashes: Uint8Array[];
}

interface Stored {
  readonly counter: number;
  readonly message: { readonly bytes: Uint8Array };
}

export class FreshLeaves {
  private readonly runs = new Map<string, Run>();
  private count = 0;

  /** Note reports that were stored after the head with the counter `from`. `name` names the stream. */
  note(name: string, stream: Uint8Array, from: number, reports: readonly Stored[]): void {
    let run = this.runs.get(name);
    // Another instance stored reports between them.
    if (run !== undefined && run.counters.at(-1) !== from) return this.drop(name, run);
    if (this.count + reports.length > LEAVES_MAX) return;
    if (run === undefined) this.runs.set(name, (run = { stream, from, counters: [], hashes: [] }));
    for (const { counter, message } of reports) {
      run.counters.push(counter);
      run.hashes.push(merkle.leaf(message.bytes));
    }
    this.count += reports.length;
  }

  /** Take out so many leaves at most. */
  take(most: number): Leaves[] {
    const out: Leaves[] = [];
    let room = most;
    for (const [name, run] of this.runs) {
      if (room === 0) break;
      const hashes = run.hashes.splice(0, room);
      const to = run.counters.splice(0, room).at(-1)!;
      out.push({ stream: run.stream, from: run.from, to, hashes });
      run.from = to;
      room -= hashes.length;
      this.count -= hashes.length;
      if (run.hashes.length === 0) this.runs.delete(name);
    }
    return out;
  }

  /** Forget all: another instance numbers the leaves. */
  clear(): void {
    this.runs.clear();
    this.count = 0;
  }

  private drop(name: string, run: Run): void {
    this.runs.delete(name);
    this.count -= run.hashes.length;
  }
}
