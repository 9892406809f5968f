import type { Connection, Tap, Target } from "../line/tap.ts";

/** Content types of TLS records (RFC 8446 §5.1). */
export const Content = { changeCipherSpec: 20, alert: 21, handshake: 22, sealed: 23 } as const;

/** The header of a record: type, version, length. */
export const HEAD_BYTES = 5;

/** Longer is no record of TLS 1.3 (RFC 8446 §5.2). */
const LENGTH_MAX = 2 ** 14 + 256;

export type Direction = "up" | "down";

/** One record as it passed. */
export interface TlsRecord {
  readonly type: number;
  /** The very bytes, header included. */
  readonly raw: Uint8Array;
  /** Number of earlier records of its type, in this direction, on this connection. */
  readonly nth: number;
}

/** One connection, as its carrier sees it. */
export interface Wire {
  readonly connection: Connection;
  /** All bytes of the device on it. */
  readonly said: Uint8Array[];
  /** True if the device has sent a sealed record: only then it has proven the server. */
  proven: boolean;
}

/** Which record a trick is for. */
export type Pick = (record: TlsRecord, wire: Wire) => boolean;

/** The replacement for the record: anything, nothing, or another record. */
export type Change = (record: TlsRecord, wire: Wire) => Uint8Array[];

interface Trick {
  readonly direction: Direction;
  readonly pick: Pick;
  readonly change: Change;
  readonly played: (wire: Wire) => void;
}

/** Splits one direction into records. Other bytes than TLS come out unchanged. */
class Splitter {
  private rest = Buffer.alloc(0);
  private readonly counts = new Map<number, number>();

  feed(bytes: Uint8Array): TlsRecord[] {
    this.rest = Buffer.concat([this.rest, bytes]);
    const whole: TlsRecord[] = [];
    while (this.rest.length >= HEAD_BYTES) {
      const length = this.rest.readUInt16BE(3);
      const end = length > LENGTH_MAX ? this.rest.length : HEAD_BYTES + length;
      if (this.rest.length < end) break;
      const type = this.rest[0]!;
      const nth = this.counts.get(type) ?? 0;
      this.counts.set(type, nth + 1);
      whole.push({ type, raw: this.rest.subarray(0, end), nth });
      this.rest = this.rest.subarray(end);
    }
    return whole;
  }
}

/** The attacker in the module where TLS passes through it: it sees records, and plays tricks on them. */
export class Records implements Tap {
  /** Target of connections, in place of the original one. */
  detour: Target | undefined;
  /** True if the bytes pass one at a time. */
  trickling = false;
  private readonly wires = new Map<Connection, Wire & { up: Splitter; down: Splitter }>();
  private readonly trickles = new Map<Connection, { up: Trickle; down: Trickle }>();
  private tricks: Trick[] = [];

  /** Play a trick on the next record that is picked; resolves with its connection when it was played. */
  play(direction: Direction, pick: Pick, change: Change): Promise<Wire> {
    return new Promise((played) => this.tricks.push({ direction, pick, change, played }));
  }

  /** Cut every connection. */
  cutAll(): void {
    for (const connection of this.wires.keys()) connection.close();
  }

  target(asked: Target): Target {
    return this.detour ?? asked;
  }

  up(connection: Connection, bytes: Uint8Array): void {
    const wire = this.wire(connection);
    wire.said.push(bytes);
    for (const record of wire.up.feed(bytes)) {
      if (record.type === Content.sealed) wire.proven = true;
      this.pass("up", wire, record);
    }
  }

  down(connection: Connection, bytes: Uint8Array): void {
    const wire = this.wire(connection);
    for (const record of wire.down.feed(bytes)) this.pass("down", wire, record);
  }

  closed(connection: Connection): void {
    this.wires.delete(connection);
    this.trickles.delete(connection);
  }

  private pass(direction: Direction, wire: Wire, record: TlsRecord): void {
    const at = this.tricks.findIndex((trick) => trick.direction === direction && trick.pick(record, wire));
    const [trick] = at === -1 ? [] : this.tricks.splice(at, 1);
    for (const piece of trick?.change(record, wire) ?? [record.raw]) this.send(direction, wire.connection, piece);
    trick?.played(wire);
  }

  private send(direction: Direction, connection: Connection, bytes: Uint8Array): void {
    const onward = (piece: Uint8Array): void =>
      direction === "up" ? connection.toServer(piece) : connection.toDevice(piece);
    const slow = this.trickles.get(connection)?.[direction];
    if (slow) slow.feed(bytes);
    else onward(bytes);
  }

  private wire(connection: Connection): Wire & { up: Splitter; down: Splitter } {
    let wire = this.wires.get(connection);
    if (wire) return wire;
    wire = { connection, said: [], proven: false, up: new Splitter(), down: new Splitter() };
    this.wires.set(connection, wire);
    if (this.trickling) {
      this.trickles.set(connection, {
        up: new Trickle((byte) => connection.toServer(byte)),
        down: new Trickle((byte) => connection.toDevice(byte)),
      });
    }
    return wire;
  }
}

/** Pass bytes one at a time, each in its own turn. */
class Trickle {
  private queue: Uint8Array[] = [];
  private readonly onward: (byte: Uint8Array) => void;

  constructor(onward: (byte: Uint8Array) => void) {
    this.onward = onward;
  }

  feed(bytes: Uint8Array): void {
    const idle = this.queue.length === 0;
    for (let at = 0; at < bytes.length; at++) this.queue.push(bytes.subarray(at, at + 1));
    if (idle) setImmediate(() => this.next());
  }

  private next(): void {
    const byte = this.queue.shift();
    if (byte) this.onward(byte);
    if (this.queue.length > 0) setImmediate(() => this.next());
  }
}
