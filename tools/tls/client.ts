/** Drives the TLS client of the firmware, compiled to wasm, from Node: its calls, in bytes and names. */
import { randomBytes } from "node:crypto";
import { STATUSES } from "../facts/device.ts";
import { table } from "../generate/tables.js";

/** States of a connection, as in `assembly/tls/client.ts`. */
export const State = {
  Idle: 0,
  MakeShare: 1,
  SendHello: 2,
  WaitSh: 3,
  WaitEe: 4,
  WaitCertCr: 5,
  WaitCert: 6,
  CheckChain: 7,
  WaitCv: 8,
  WaitFinished: 9,
  SignCredential: 10,
  SendCertificate: 11,
  SendVerify: 12,
  SendFinished: 13,
  Connected: 14,
  Closing: 15,
  Closed: 16,
  Failed: 17,
} as const;

const SLOTS = {
  host: 0,
  alpn: 1,
  pins: 2,
  roots: 3,
  seed: 4,
  random: 5,
  psk: 6,
  identity: 7,
  secret: 8,
  chain: 9,
} as const;

/** The calls of `tools/firmware/guest_tls.ts`. */
export interface Guest {
  memory: WebAssembly.Memory;
  buffer(): number;
  capacity(): number;
  set(slot: number, len: number): void;
  chainAdopted(): number;
  setFloor(seconds: number): void;
  setClock(ms: number): void;
  start(): number;
  step(): number;
  state(): number;
  alert(): number;
  alertFromPeer(): number;
  preShared(): number;
  protocolChosen(): number;
  fromPeer(len: number): number;
  toPeer(max: number): number;
  drop(): void;
  close(): void;
  abandon(): void;
  peerGone(): void;
  ticketKept(): number;
  suiteChosen(): number;
  groupChosen(): number;
  recordBytes(): number;
  messageBytes(): number;
  clientBytes(): number;
}

/** The settings of a connection; a missing one is unset. */
export interface Settings {
  host?: string;
  alpn?: string;
  pins?: Uint8Array[];
  roots?: Uint8Array[];
  seed?: Uint8Array;
  /** The secret of the device's key on P-256, for a client that has it: it is preferred. */
  secret?: Uint8Array;
  /** The certificate_list for that key, instead of the certificate that the device makes. */
  chain?: Uint8Array;
  random?: Uint8Array;
  psk?: Uint8Array;
  identity?: string;
  floor?: number;
  clock?: number;
}

/** Bytes of randomness of a connection. */
const RANDOM_BYTES = 128;

/** A text's bytes; none if it is unset. */
function text(value: string | undefined): Uint8Array {
  return Buffer.from(value ?? "");
}

/** One TLS client with memory of its own. */
export class Client<Exports extends Guest = Guest> {
  readonly guest: Exports;
  readonly #buffer: number;
  /** The number of steps so far. */
  steps = 0;
  /** The states that the connection has been in, in their order, but for those after its end. */
  readonly visited = new Set<number>();

  /** With `authorities`, the words of another table of the keys that the image knows. */
  constructor(module: WebAssembly.Module, authorities?: readonly number[]) {
    const tables = authorities ? { ...table, authorities: (i: number): number => authorities[i] ?? 0 } : table;
    this.guest = new WebAssembly.Instance(module, { table: tables }).exports as unknown as Exports;
    this.#buffer = this.guest.buffer();
  }

  protected put(bytes: Uint8Array): number {
    new Uint8Array(this.guest.memory.buffer, this.#buffer, bytes.length).set(bytes);
    return bytes.length;
  }

  protected get(len: number): Buffer {
    return Buffer.from(this.guest.memory.buffer.slice(this.#buffer, this.#buffer + len));
  }

  #set(slot: keyof typeof SLOTS, bytes: Uint8Array): void {
    this.guest.set(SLOTS[slot], this.put(bytes));
  }

  /** Begin a connection. */
  start(settings: Settings): number {
    this.visited.clear();
    this.#set("host", text(settings.host));
    this.#set("alpn", text(settings.alpn));
    this.#set("pins", Buffer.concat(settings.pins ?? []));
    this.#set("roots", Buffer.concat(settings.roots ?? []));
    this.#set("seed", settings.seed ?? new Uint8Array());
    this.#set("secret", settings.secret ?? new Uint8Array());
    this.#set("chain", settings.chain ?? new Uint8Array());
    this.#set("psk", settings.psk ?? new Uint8Array());
    this.#set("identity", text(settings.identity));
    this.#set("random", settings.random ?? randomBytes(RANDOM_BYTES));
    this.guest.setFloor(settings.floor ?? 0);
    this.guest.setClock(settings.clock ?? 0);
    return this.guest.start();
  }

  /** Step until only bytes bring it on; returns the last status. */
  run(): number {
    for (;;) {
      const { state } = this;
      if (state < State.Closed) this.visited.add(state);
      const status = this.guest.step();
      if (status !== STATUSES.ok[0]) return status;
      this.steps++;
    }
  }

  /** Give it all these bytes of the peer, stepping between. `take` takes application data, and returns whether there was any. */
  give(bytes: Uint8Array, chunk: number, take: () => boolean): void {
    let at = 0;
    for (;;) {
      const taken = this.guest.fromPeer(this.put(bytes.subarray(at, at + chunk)));
      at += taken;
      this.run();
      const any = take();
      if (at >= bytes.length && !any) return;
      if (!taken && !any) throw new Error(`the client accepts no more bytes in state ${this.state}`);
    }
  }

  /** All bytes it has for the peer. */
  drain(): Buffer {
    const parts: Buffer[] = [];
    for (;;) {
      this.run();
      const len = this.guest.toPeer(this.guest.capacity());
      if (!len) return Buffer.concat(parts);
      parts.push(this.get(len));
    }
  }

  get state(): number {
    return this.guest.state();
  }

  /** The alert that ended it, and who sent it. */
  get alert(): { code: number; fromPeer: boolean } {
    return { code: this.guest.alert(), fromPeer: this.guest.alertFromPeer() !== 0 };
  }
}
