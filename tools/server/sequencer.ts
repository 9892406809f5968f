/**
 * The sequencer: number reports and log entries as leaves of the tree, after they were stored, so that no report waits for it. Of several instances one does
 * it, under a lease. The reader's thread finds the new rows and hashes them.
 */
import { randomBytes } from "node:crypto";
import type { Desk } from "./decisions.ts";
import * as lease from "./lease.ts";
import type { Reader } from "./reader.ts";
import { add } from "./tree.ts";

/** Interval of two looks: the time until a report has its leaf. */
const LOOK_MS = 10_000;
/** Longer than one part takes; another instance takes over after it. */
const LEASE_MS = 60_000;
export interface SequencerOptions extends Omit<Desk, "audience"> {
  readonly reader: Reader;
  readonly onError: (error: unknown) => void;
}

export class Sequencer {
  private readonly options: SequencerOptions;
  private readonly lease: lease.Lease;
  private readonly timer: NodeJS.Timeout;
  private looking: Promise<void> = Promise.resolve();
  private isClosing = false;

  constructor(options: SequencerOptions) {
    this.options = options;
    this.lease = { name: "tree", holder: randomBytes(8).toString("hex"), sealKey: options.keys.seal };
    this.timer = setInterval(() => void this.look().catch(options.onError), LOOK_MS).unref();
  }

  /** Number everything that has no leaf yet. Looks follow one another. */
  look(): Promise<void> {
    const next = this.looking.then(() => this.round());
    this.looking = next.catch(() => undefined);
    return next;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.isClosing = true;
    await this.looking;
  }

  private async round(): Promise<void> {
    const { store, keys, clock, reader } = this.options;
    const given = { sealKey: keys.seal, publicKey: keys.signing.publicKey };
    while (!this.isClosing) {
      const found = await reader.ask("unnumbered", given);
      if (found.length === 0 || !(await lease.take(store, this.lease, clock(), LEASE_MS))) return;
      await store.write(async (tx) => {
        if (await lease.isOurs(store, tx, this.lease, clock())) await add({ store, keys }, tx, found);
      });
    }
  }
}
