/** A module played by a test, for misbehaviour that was reported once and that no quirk of the emulated module is. */
import assert from "node:assert/strict";
import { Status } from "../../../assembly/lib/status.ts";
import { type Device, Family, LinkState } from "./device.ts";
import { VirtualClock } from "./virtual.ts";

export const OK = "\r\nOK\r\n";
export const ERROR = "\r\nERROR\r\n";
export const BUSY = "busy p...\r\n";
export const FAIL = "\r\nSEND FAIL\r\n";

/** The behaviour of a test's module; by default it acts as in the manual. */
export interface Role {
  /** Answer a command; false leaves it to the manual. */
  command?(module: Script, line: string): boolean;
  /** Do with the data of the send of this number, from 0, what becomes of it. */
  data?(module: Script, bytes: Buffer, number: number): void;
}

interface Heard {
  readonly atMs: number;
  readonly line: string;
}

/** The module, its UART, and the peer behind it. The link's promise is held at every millisecond. */
export class Script {
  readonly commands: Heard[] = [];
  /** The bytes that the peer of each connection has received. */
  readonly peers: Buffer[] = [];
  /** The bytes that the device has received. */
  got = Buffer.alloc(0);
  /** Each state of the link, in order. */
  readonly states: number[] = [];
  /** Until when the module answers nothing but busy. */
  busyUntilMs = 0;
  /** True if there is a connection. */
  attached = false;
  /** Set to take the next bytes for data. */
  wanted = 0;
  readonly device: Device;
  readonly #role: Role;
  readonly #clock = new VirtualClock();
  #given = Buffer.alloc(0);
  #line: number[] = [];
  #sends = 0;

  constructor(device: Device, role: Role) {
    this.device = device;
    this.#role = role;
    device.guest.start(Family["esp-at"], 0);
  }

  get nowMs(): number {
    return this.#clock.now();
  }

  /** Return the bytes that the peer of the present connection, or of the last one, has received. */
  get peer(): string {
    return this.peers.at(-1)?.toString("latin1") ?? "";
  }

  after(ms: number, act: () => void): void {
    this.#clock.after(ms, act);
  }

  say(text: string | Buffer, afterMs = 0): void {
    this.after(afterMs, () => this.device.fromModule(Buffer.from(text as string, "latin1")));
  }

  /** The peer receives this. */
  deliver(bytes: Buffer): void {
    this.peers.push(Buffer.concat([this.peers.pop() ?? Buffer.alloc(0), bytes]));
  }

  /** Open a connection, once the link is ready. */
  connect(): void {
    assert.ok(this.until(120_000, () => this.device.state === LinkState.ready));
    this.#given = Buffer.alloc(0);
    this.peers.push(Buffer.alloc(0));
    assert.equal(this.device.open("signet.example", 80), Status.Ok);
    assert.ok(this.until(120_000, () => this.device.state !== LinkState.opening));
  }

  /** Give the device this to send; true if all of it was taken. */
  send(text: string): boolean {
    const bytes = Buffer.from(text, "latin1");
    const taken = this.device.send(bytes);
    this.#given = Buffer.concat([this.#given, bytes.subarray(0, taken)]);
    return taken === bytes.length;
  }

  run(ms: number): void {
    this.until(ms, () => false);
  }

  /** Let time pass until `ready`; says whether it was. */
  until(ms: number, ready: () => boolean): boolean {
    for (const end = this.nowMs + ms; this.nowMs < end;) {
      if (ready()) return true;
      this.#clock.advance(1);
      this.device.guest.tick(this.nowMs);
      for (const byte of this.device.toModule(64)) this.#hear(byte);
      this.got = Buffer.concat([this.got, this.device.receive()]);
      const { state } = this.device;
      if (state !== this.states.at(-1)) this.states.push(state);
      const heard = this.peers.at(-1) ?? Buffer.alloc(0);
      if (state === LinkState.open) assert.deepEqual(heard, this.#given.subarray(0, heard.length));
    }
    return ready();
  }

  #hear(byte: number): void {
    this.#line.push(byte);
    const bytes = Buffer.from(this.#line);
    if (this.wanted) {
      if (bytes.length < this.wanted) return;
      this.wanted = 0;
      this.#line = [];
      this.#data(bytes);
    } else if (bytes.subarray(-2).equals(Buffer.from("\r\n"))) {
      this.#line = [];
      const line = bytes
        .subarray(0, -2)
        .toString("latin1")
        .trim()
        .replace(/^\+\+\+/, "");
      this.commands.push({ atMs: this.nowMs, line });
      if (line) this.#obey(line);
    }
  }

  #data(bytes: Buffer): void {
    const number = this.#sends++;
    if (this.#role.data) return this.#role.data(this, bytes, number);
    this.deliver(bytes);
    this.say(`\r\nRecv ${bytes.length} bytes\r\n\r\nSEND OK\r\n`, 1);
  }

  #obey(line: string): void {
    if (this.nowMs < this.busyUntilMs) return this.say(BUSY, 1);
    if (this.#role.command?.(this, line)) return;
    const send = /^AT\+CIPSEND=(\d+)$/.exec(line);
    if (line.startsWith("AT+CIPSTART")) {
      this.attached = true;
      this.say(`CONNECT\r\n${OK}`, 5);
    } else if (line === "AT+CIPCLOSE") {
      this.say(this.attached ? `CLOSED\r\n${OK}` : ERROR, 3);
      this.attached = false;
    } else if (line.startsWith("AT+CIPRECVDATA")) this.say(ERROR, 2);
    else if (send && !this.attached) this.say(`link is not valid\r\n${ERROR}`, 2);
    else if (send) this.prompt(Number(send[1]));
    else if (line === "AT+RST") {
      this.attached = false;
      this.say(OK, 2);
      this.say("\r\nready\r\n", 300);
    } else this.say(OK, 3);
  }

  /** Ask for the data of a send. */
  prompt(length: number): void {
    this.say(`${OK}\r\n>`, 2);
    this.after(2, () => (this.wanted = length));
  }
}
