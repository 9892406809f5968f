/**
 * Tunnels: streams of bytes that travel in the bodies of requests and answers (`assembly/link/README.md`, "Tunnel"). A device has
 * one request under way; the server answers it when there is data, or after `holdMs`. A tunnel knows no transport and no
 * address: requests name their connection. TLS and its limits are those of the server that takes the stream.
 */
import { Duplex } from "node:stream";
import { readRequest, writeAnswer, type Request } from "../wire/tunnel.ts";
import type { Gauge } from "./metrics.ts";

export interface TunnelLimits {
  /** Connections in memory with a finished handshake. A new one ends the one that was silent longest: its device resumes. */
  readonly connections: number;
  /** Connections whose handshake is not finished. A new one ends the oldest of the address that has the most. */
  readonly opening: number;
  /** Limit of silence. */
  readonly idleMs: number;
  /** Time until a request is answered without data: less than the patience of a module's HTTP client. */
  readonly holdMs: number;
  /** Time for a handshake and the first request inside it. */
  readonly openMs: number;
}

export const LIMITS: TunnelLimits = {
  connections: 1024,
  opening: 256,
  idleMs: 7_200_000,
  holdMs: 2000,
  openMs: 60_000,
};

/** Pause after data before the answer: the writes of a handshake's flight, or of a ticket and an answer, go in one segment. */
const SETTLE_MS = 10;

/** Bytes kept in each direction. */
const BUFFER_BYTES = 64 * 1024;

/** Offsets end here; the connection does too. */
const STREAM_BYTES = 2 ** 31;

/** Time in which the device can fetch what is left of a stream that the server ended. */
const LINGER_MS = 30_000;

/** A request that waits for data. */
interface Held {
  readonly room: number;
  readonly resolve: (answer: Uint8Array) => void;
  readonly timer: NodeJS.Timeout;
}

/** The server's side of one stream. */
class Tunnel extends Duplex {
  private readonly id: string;
  /** Bytes of the device so far. */
  private received = 0;
  /** Offset of the first byte that the device has not acknowledged, and the bytes from there on. */
  private base = 0;
  private unsent = Buffer.alloc(0);
  private ended = false;
  private held: Held | undefined;
  private settling: NodeJS.Timeout | undefined;
  /** A write that waits for room. */
  private written: (() => void) | undefined;

  constructor(id: string) {
    super({ allowHalfOpen: false });
    this.id = id;
    // TLS reports its own errors.
    this.on("error", () => undefined);
  }

  /** Take a segment of the device; resolves with the server's, at the latest after `holdMs`. */
  exchange({ from, next, room, data, more }: Request, holdMs: number): Promise<Uint8Array> {
    this.accept(from, data);
    this.acknowledge(next);
    this.release();
    if (this.ended || more || this.unsent.length >= room) return Promise.resolve(this.segment(room));
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.release(), holdMs);
      this.held = { room, resolve, timer };
      if (this.unsent.length > 0) this.settle();
    });
  }

  /** Answer the request that waits. */
  release(): void {
    const { held } = this;
    this.held = undefined;
    clearTimeout(this.settling);
    this.settling = undefined;
    if (held === undefined) return;
    clearTimeout(held.timer);
    held.resolve(this.segment(held.room));
  }

  /** Keep the new part of the device's bytes: a repetition has none. */
  private accept(from: number, data: Uint8Array): void {
    const known = this.received - from;
    if (known < 0 || known >= data.length || this.ended || this.readableLength > BUFFER_BYTES) return;
    this.received = from + data.length;
    if (this.received > STREAM_BYTES) this.destroy();
    else this.push(data.subarray(known));
  }

  private acknowledge(next: number): void {
    const count = next - this.base;
    if (count <= 0 || count > this.unsent.length) return;
    this.base = next;
    this.unsent = this.unsent.subarray(count);
    const { written } = this;
    this.written = undefined;
    written?.();
  }

  private segment(room: number): Uint8Array {
    const data = this.unsent.subarray(0, room);
    const end = this.ended && data.length === this.unsent.length;
    return writeAnswer({ id: this.id, from: this.base, next: this.received, data, end, unknown: false });
  }

  private settle(): void {
    if (this.held === undefined) return;
    if (this.unsent.length >= this.held.room) this.release();
    else this.settling ??= setTimeout(() => this.release(), SETTLE_MS);
  }

  override _read(): void {}

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.unsent = Buffer.concat([this.unsent, bytes]);
    if (this.unsent.length > BUFFER_BYTES) this.written = done;
    else done();
    this.settle();
  }

  override _final(done: () => void): void {
    this.finish();
    // A half-closed stream expects no further bytes of the device.
    this.push(null);
    done();
  }

  override _destroy(_: Error | null, done: (error: null) => void): void {
    this.finish();
    done(null);
  }

  private finish(): void {
    this.ended = true;
    this.release();
  }
}

/** A stream, the address that opened it, and the timer that ends it. */
interface Entry {
  readonly tunnel: Tunnel;
  readonly address: string;
  timer: NodeJS.Timeout;
}

/** Give the stream of a new connection, and the address that opened it, to TLS, which calls `finished` after its handshake. */
export type Take = (stream: Duplex, address: string, finished: () => void) => void;

/** All tunnels of a server. */
export class Tunnels {
  private readonly limits: TunnelLimits;
  private readonly take: Take;
  /** Those with a finished handshake, the longest silent first. */
  private readonly finished = new Map<string, Entry>();
  /** The others, the oldest first. They have a limit of their own, so that they cannot end a connection of a device. */
  private readonly opening = new Map<string, Entry>();

  constructor(limits: TunnelLimits, take: Take) {
    this.limits = limits;
    this.take = take;
  }

  get gauges(): Gauge[] {
    return [
      ["signet_tunnels", "Connections inside requests and responses.", this.finished.size],
      ["signet_tunnels_opening", "Such connections with an unfinished handshake.", this.opening.size],
    ];
  }

  /** Answer a segment, after at most `holdMs`; undefined if it is malformed. */
  async answer(bytes: Uint8Array, address: string, holdMs = this.limits.holdMs): Promise<Uint8Array | undefined> {
    const request = readRequest(bytes);
    if (request === undefined) return undefined;
    const tunnel = this.known(request.id) ?? this.open(request, address);
    if (tunnel !== undefined) return tunnel.exchange(request, Math.min(holdMs, this.limits.holdMs));
    const { id, from, next } = request;
    return writeAnswer({ id, from: next, next: from, data: new Uint8Array(0), end: false, unknown: true });
  }

  private known(id: string): Tunnel | undefined {
    const found = this.opening.get(id) ?? this.finished.get(id);
    if (found === undefined) return undefined;
    if (this.finished.delete(id)) this.finished.set(id, found);
    if (!found.tunnel.destroyed) found.timer.refresh();
    return found.tunnel;
  }

  private open({ id, open, from, next }: Request, address: string): Tunnel | undefined {
    if (!open || from !== 0 || next !== 0) return undefined;
    if (this.opening.size >= this.limits.opening) this.forget(this.crowded());
    const tunnel = new Tunnel(id);
    const forget = (): void => this.forget(id);
    const entry: Entry = { tunnel, address, timer: setTimeout(forget, this.limits.idleMs).unref() };
    this.opening.set(id, entry);
    tunnel.on("close", () => {
      clearTimeout(entry.timer);
      entry.timer = setTimeout(forget, LINGER_MS).unref();
    });
    this.take(tunnel, address, () => this.finish(id, entry));
    return tunnel;
  }

  /** The oldest unfinished connection of the address that has the most of them. */
  private crowded(): string {
    const byAddress = new Map<string, string[]>();
    for (const [id, { address }] of this.opening) {
      const ids = byAddress.get(address);
      if (ids === undefined) byAddress.set(address, [id]);
      else ids.push(id);
    }
    return [...byAddress.values()].reduce((most, ids) => (ids.length > most.length ? ids : most))[0]!;
  }

  private finish(id: string, entry: Entry): void {
    if (!this.opening.delete(id)) return;
    const [oldest] = this.finished.keys();
    if (oldest !== undefined && this.finished.size >= this.limits.connections) this.forget(oldest);
    this.finished.set(id, entry);
  }

  private forget(id: string): void {
    const found = this.opening.get(id) ?? this.finished.get(id);
    this.opening.delete(id);
    this.finished.delete(id);
    clearTimeout(found?.timer);
    found?.tunnel.destroy();
  }

  /** End them all. */
  async close(): Promise<void> {
    for (const id of [...this.opening.keys(), ...this.finished.keys()]) this.forget(id);
    return Promise.resolve();
  }
}
