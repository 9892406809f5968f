/**
 * The actions of the guest of `guest_pattern.ts` on its connections, one step after the other; shared by it and its host.
 */
export const enum Step {
  /** Send n bytes of the pattern. */
  Send = 1,
  /** Take n bytes, which must be the pattern. */
  Take = 2,
  /** Both at once. */
  Both = 3,
  /** Change this side's keys, and ask the peer to change its own. */
  Update = 4,
  /** Wait until there is a ticket. */
  Ticket = 5,
  /** Close, and wait for the peer's close_notify; the steps behind are the next connection's. */
  Close = 6,
  /** Wait until the peer closes; the steps behind are the next connection's. */
  Closed = 7,
  /** Forget the ticket; before a connection only. */
  Forget = 8,
  /** Begin again with this step. */
  Again = 9,
}

/** The guest's events beside the firmware's own. */
export const enum Said {
  /** A step is done: its place in the plan. */
  Done = 0x40,
  /** The received bytes are not the pattern: from which byte on. */
  Strange = 0x41,
}

/** Places in the flash page: numbers of 32 bits, then a host's name, two keys to pin, the device's seed, the steps. */
export const enum Place {
  Family = 0,
  Port = 4,
  HostLen = 8,
  PinCount = 12,
  StepCount = 16,
  Host = 20,
  Pins = 84,
  Seed = 148,
  Steps = 180,
}

/** Most steps, each two numbers: what to do, and n. */
export const STEPS = 32;
