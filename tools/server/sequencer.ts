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
  private heldUntil = 0;

  constructor(options: SequencerOptions) {
    super("tree", LOOK_MS, options);
    this.options = options;
  }

  protected async round(): Promise<void> {
    const { store, keys, clock, reader, freshLeaves } = this.options;
    const given = { sealKey: keys.seal, publicKey: keys.signing.publicKey };
    while (!this.isClosing) {
      const own = freshLeaves.take(PART);
      const found = own.length > 0 ? own : await reader.ask("unnumbered", given);
      if (found.length === 0) return;
      if (!(await this.holds())) return freshLeaves.clear();
      await store.write(async (tx) => {
        if (await lease.isOurs(store, tx, this.lease, clock())) await add({ store, keys }, tx, found);
      });
    }
  }

  /** Take the lease, or renew it when half of it is over; false if another instance has it. */
  private async holds(): Promise<boolean> {
    const { store, clock } = this.options;
    const now = clock();
    if (this.heldUntil - now > LEASE_MS / 2) return true;
    const taken = await lease.take(store, this.lease, now, LEASE_MS);
    this.heldUntil = taken ? now + LEASE_MS : 0;
    return taken;
  }
}
