/** A job that one of several instances does at regular intervals, under a lease. Rounds follow one another. */
import { randomBytes } from "node:crypto";
import type { Desk } from "./decisions.ts";
import type { Lease } from "./lease.ts";

export interface RoundsOptions extends Omit<Desk, "audience"> {
  readonly onError: (error: unknown) => void;
}

export abstract class Rounds {
  protected readonly lease: Lease;
  protected isClosing = false;
  private readonly timer: NodeJS.Timeout;
  private last: Promise<void> = Promise.resolve();

  constructor(name: string, everyMs: number, { keys, onError }: RoundsOptions) {
    this.lease = { name, holder: randomBytes(8).toString("hex"), sealKey: keys.seal };
    this.timer = setInterval(() => void this.look().catch(onError), everyMs).unref();
  }

  /** Do one round; without effect if another instance has the lease. */
  protected abstract round(): Promise<void>;

  /** Do a round after those that are under way. */
  look(): Promise<void> {
    const next = this.last.then(() => this.round());
    this.last = next.catch(() => undefined);
    return next;
  }

  /** End the timer, and wait for the rounds that are under way. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.isClosing = true;
    await this.last;
  }
}
