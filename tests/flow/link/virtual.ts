/** A clock and a network that tests turn by hand, so that minutes pass in moments and repeat exactly. */
import type { Clock } from "../../../tools/line/clock.ts";
import type { Random } from "../../../tools/line/random.ts";
import type { Dial, Listener } from "../../../tools/line/sockets.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.#now + ms, order: this.#order++, act };
    this.#timers.push(timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  /** Let `ms` pass. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (timer.at > end) continue;
        if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
      }
      if (!next) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.at);
      next.act();
    }
    this.#now = end;
  }
}

/**
 * Return the answer of `answering` to each byte: a different one, so that an echo of the UART is never taken for an answer.
 */
export function answered(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0x5a));
}

/** The other end of a connection. */
export class Peer {
  readonly received: Buffer[] = [];
  readonly listener: Listener;
  open = true;

  constructor(listener: Listener) {
    this.listener = listener;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }

  /** End the connection from this side. */
  end(): void {
    if (!this.open) return;
    this.open = false;
    this.listener.closed();
  }
}

/** A network of one host that answers each byte, in pieces and after a while. */
export class Network {
  readonly peers: Peer[] = [];
  /** The next connections are refused. */
  refusing = false;
  /** End each connection once this many bytes were answered; 0: never. */
  endAfter = 0;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  readonly dial: Dial = (_kind, _target, listener) => {
    const peer = new Peer(listener);
    this.peers.push(peer);
    const refused = this.refusing;
    let flowing = true;
    let held: Buffer[] = [];
    let sentBytes = 0;
    const deliver = (bytes: Buffer): void => {
      if (!peer.open) return;
      if (!flowing) {
        held.push(bytes);
        return;
      }
      sentBytes += bytes.length;
      listener.data(bytes);
      if (this.endAfter && sentBytes >= this.endAfter) this.#clock.after(5, () => peer.end());
    };
    this.#clock.after(20, () => {
      if (!peer.open) return;
      if (refused) peer.end();
      else listener.opened();
    });
    // In order: each piece is due after the one before it.
    let dueAt = 0;
    return {
      send: (bytes) => {
        if (!peer.open) return;
        peer.received.push(bytes);
        const all = answered(bytes);
        for (let at = 0; at < all.length;) {
          const piece = all.subarray(at, at + 1 + this.#random.below(400));
          at += piece.length;
          dueAt = Math.max(dueAt, this.#clock.now()) + this.#random.below(20);
          this.#clock.after(dueAt - this.#clock.now(), () => deliver(piece));
        }
      },
      want: (more) => {
        flowing = more;
        const waiting = more ? held : [];
        if (more) held = [];
        for (const bytes of waiting) this.#clock.after(0, () => deliver(bytes));
      },
      close: () => {
        if (!peer.open) return;
        peer.open = false;
        this.#clock.after(1, () => listener.closed());
      },
    };
  };
}
