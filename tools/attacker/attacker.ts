import { pathOf, Splitter, type HttpMessage } from "./http.ts";
import type { Connection, Tap, Target } from "../line/tap.ts";

/** One recorded exchange: the device's request and its answer. */
export interface Exchange {
  readonly path: string;
  readonly request: HttpMessage;
  answer?: HttpMessage;
}

/** The attacker's replacement for a message: anything, nothing, or another message. */
export type Trick = (exchange: Exchange, connection: Connection) => Uint8Array[];

/** The attacker in the module: reads everything, and plays one trick on request. */
export class Attacker implements Tap {
  /** Every exchange so far. */
  readonly heard: Exchange[] = [];
  /** Every byte so far, both ways. */
  readonly bytes: Uint8Array[] = [];
  /** Target of connections, in place of the original one. */
  detour: Target | undefined;
  private readonly wires = new Map<Connection, { up: Splitter; down: Splitter; open: Exchange[] }>();
  private tricks: { direction: "up" | "down"; path: string; trick: Trick; played: (exchange: Exchange) => void }[] = [];
  private watchers: { when: "asked" | "answered"; path: string; seen: (exchange: Exchange) => void }[] = [];

  /** Play a trick on the next request to `path` (up), or the next answer to one (down); resolves when it was played. */
  play(direction: "up" | "down", path: string, trick: Trick): Promise<Exchange> {
    return new Promise((played) => this.tricks.push({ direction, path, trick, played }));
  }

  /** Wait for the next request to `path`. */
  asked(path: string): Promise<Exchange> {
    return new Promise((seen) => this.watchers.push({ when: "asked", path, seen }));
  }

  /** Wait for the next answer to a request to `path`. */
  answered(path: string): Promise<Exchange> {
    return new Promise((seen) => this.watchers.push({ when: "answered", path, seen }));
  }

  /** Cut every connection. */
  cutAll(): void {
    for (const connection of this.wires.keys()) connection.close();
  }

  target(asked: Target): Target {
    return this.detour ?? asked;
  }

  up(connection: Connection, bytes: Uint8Array): void {
    this.bytes.push(bytes);
    const wire = this.wire(connection);
    for (const request of wire.up.feed(bytes)) {
      const exchange: Exchange = { path: pathOf(request.head), request };
      this.heard.push(exchange);
      wire.open.push(exchange);
      const pieces = this.trick("up", exchange, connection) ?? [request.raw];
      for (const piece of pieces) connection.toServer(piece);
      this.notify("asked", exchange);
    }
  }

  down(connection: Connection, bytes: Uint8Array): void {
    this.bytes.push(bytes);
    const wire = this.wire(connection);
    for (const answer of wire.down.feed(bytes)) {
      const exchange = wire.open.shift();
      if (!exchange) continue;
      exchange.answer = answer;
      const pieces = this.trick("down", exchange, connection) ?? [answer.raw];
      for (const piece of pieces) connection.toDevice(piece);
      this.notify("answered", exchange);
    }
  }

  closed(connection: Connection): void {
    this.wires.delete(connection);
  }

  private wire(connection: Connection): { up: Splitter; down: Splitter; open: Exchange[] } {
    let wire = this.wires.get(connection);
    if (!wire) this.wires.set(connection, (wire = { up: new Splitter(), down: new Splitter(), open: [] }));
    return wire;
  }

  private notify(when: "asked" | "answered", exchange: Exchange): void {
    const told = this.watchers.filter((watcher) => watcher.when === when && watcher.path === exchange.path);
    this.watchers = this.watchers.filter((watcher) => !told.includes(watcher));
    for (const { seen } of told) seen(exchange);
  }

  private trick(direction: "up" | "down", exchange: Exchange, connection: Connection): Uint8Array[] | undefined {
    const at = this.tricks.findIndex((row) => row.direction === direction && row.path === exchange.path);
    if (at === -1) return undefined;
    const [row] = this.tricks.splice(at, 1);
    const pieces = row!.trick(exchange, connection);
    row!.played(exchange);
    return pieces;
  }
}
