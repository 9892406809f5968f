/** One connection of an emulated module, and the data that the device has not read yet. */
import type { Carrier, Dial } from "../line/sockets.ts";

/** Events that a module acts on. */
export interface Events {
  opened(): void;
  /** The connection was not opened. */
  refused(): void;
  data(bytes: Buffer): void;
  /** The peer is gone. */
  closed(): void;
}

export type Kind = "TCP" | "UDP";

export class Connection {
  readonly kind: Kind;
  readonly host: string;
  readonly port: number;
  open = false;
  /** The device was told that data waits. */
  announced = false;
  /** The peer is gone, and the device was not told. */
  ended = false;
  #unread: Buffer[] = [];
  readonly #carrier: Carrier;
  #dropped = false;

  constructor(dial: Dial, kind: Kind, host: string, port: number, events: Events) {
    this.kind = kind;
    this.host = host;
    this.port = port;
    this.#carrier = dial(
      kind,
      { host, port },
      {
        opened: () => {
          if (this.#dropped) return this.#carrier.close();
          this.open = true;
          events.opened();
        },
        data: (bytes) => void (this.#dropped || events.data(bytes)),
        closed: () => {
          if (this.#dropped) return;
          const wasOpen = this.open;
          this.open = false;
          if (wasOpen) events.closed();
          else events.refused();
        },
      },
    );
  }

  get unreadBytes(): number {
    return this.#unread.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  send(bytes: Buffer): void {
    this.#carrier.send(bytes);
  }

  /** Keep data until the device reads it; the peer waits when there are `most` bytes. */
  keep(bytes: Buffer, most: number): void {
    this.#unread.push(bytes);
    if (this.unreadBytes >= most) this.#carrier.want(false);
  }

  /** Take up to `most` bytes of what is kept. */
  read(most: number): Buffer {
    const all = Buffer.concat(this.#unread);
    this.#unread = all.length > most ? [all.subarray(most)] : [];
    this.announced = false;
    this.#carrier.want(true);
    return all.subarray(0, most);
  }

  /** End it, and hear no more of it. */
  drop(): void {
    this.#dropped = true;
    this.open = false;
    this.#carrier.close();
  }

  /** End the attempt to open it. */
  abandon(): void {
    this.#carrier.close();
  }
}
