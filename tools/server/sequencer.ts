/**
 * The sequencer: number reports and log entries as leaves of the tree, after they were stored, so that no report waits for it. Of several instances one does
 * it, under a lease. It has the leaves of its own instance; the reader's thread finds all other new rows and hashes them.
 */
import type { FreshLeaves } from "./fresh_leaves.ts";
import * as lease from "./lease.ts";
import type { Reader } from "./reader.ts";
import { Rounds, type RoundsOptions } from "./rounds.ts";
import { add, PART } from "./tree.ts";

/** Interval of two looks: the time until a report has its leaf. */
const LOOK_MS = 10_000;
/** Longer than one part takes; another instance takes over after it. */
const LEASE_MS = 60_000;

export interface SequencerOptions extends RoundsOptions {
  readonly reader: Reader;
  readonly freshLeaves: FreshLeaves;
}

/** Each round numbers everything that has no leaf yet. */
export class Sequencer extends Rounds {
  private readonly options: SequencerOptions;
  private readonly tenure: lease.Tenure;

  constructor(options: SequencerOptions) {
    super("tree", LOOK_MS, options);
    this.tenure = new lease.Tenure(options, this.lease, LEASE_MS);
    this.options = options;
  }

  protected async round(): Promise<void> {
    const { store, keys, clock, reader, freshLeaves } = this.options;
    const given = { sealKey: keys.seal, publicKey: keys.signing.publicKey };
    while (!this.isClosing) {
      const own = freshLeaves.take(PART);
      const found = own.length > 0 ? own : await reader.ask("unnumbered", given);
      if (found.length === 0) return;
      if (!(await this.tenure.holds())) return freshLeaves.clear();
      await store.write(async (tx) => {
        if (await lease.isOurs(store, tx, this.lease, clock())) await add({ store, keys }, tx, found);
      });
    }
  }
}
