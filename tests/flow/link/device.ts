/** The firmware's link as wasm in this process. */
import { LINK_CAUSES, LINK_STEPS } from "../../../tools/facts/device.ts";
import { CHOSEN, type FamilyName, ROWS, adding } from "../../../tools/facts/family.ts";
import { names } from "../../../tools/facts/table.ts";
import { firmware } from "../../../tools/guest/firmware.ts";

export const LinkState = { down: 0, ready: 1, opening: 2, open: 3, peerClosed: 4, failed: 5 } as const;
/** The numbers of the families. */
export const Family = Object.fromEntries(ROWS.map(([name, { number }]) => [name, number])) as Readonly<
  Record<FamilyName, number>
>;
/** States of the lines of the module. */
export const Lines = { released: 0, reset: 1, powerOff: 2 } as const;
export const Exchange = { idle: 0, busy: 1, done: 2, failed: 3 } as const;

interface Guest {
  readonly memory: WebAssembly.Memory;
  inputAt(): number;
  outputAt(): number;
  answerAt(): number;
  start(family: number, nowMs: number): void;
  join(ssidLen: number, secretLen: number): void;
  attach(apnLen: number, pinLen: number): void;
  order(len: number): void;
  wantBaud(rate: number, flow: number): void;
  baud(): number;
  open(hostLen: number, port: number): number;
  send(len: number): number;
  receive(max: number): number;
  close(): void;
  state(): number;
  lines(): number;
  lastFault(): number;
  faultNews(): number;
  tick(nowMs: number): void;
  fromModule(len: number): void;
  toModule(max: number): number;
  httpRequest(room: number, hostLen: number, pathLen: number, typeLen: number, bodyLen: number): void;
  httpPull(max: number): number;
  httpPush(len: number): void;
  httpState(): number;
  httpCode(): number;
  httpBodyLen(): number;
  httpFault(): number;
  httpRetryAfterS(): number;
  httpKeepAlive(): number;
}

/** Every driver in one guest, and another baud rate. */
const DRIVERS = [
  ...CHOSEN.flatMap((family) => Object.keys(adding(family)).map((name) => `${name}=1`)),
  "MODULE_BAUD=1",
];

const compiled = firmware("tests/flow/link/guest.ts", DRIVERS);

/** One device. */
export class Device {
  readonly guest: Guest;
  readonly #input: Buffer;
  readonly #output: Buffer;

  private constructor(guest: Guest) {
    this.guest = guest;
    this.#input = Buffer.from(guest.memory.buffer, guest.inputAt(), 4096);
    this.#output = Buffer.from(guest.memory.buffer, guest.outputAt(), 4096);
  }

  static async make(): Promise<Device> {
    const instance = await WebAssembly.instantiate(await compiled, {});
    return new Device(instance.exports as unknown as Guest);
  }

  get state(): number {
    return this.guest.state();
  }

  /** The fault of the link by its names. */
  get fault(): { step: string; cause: string; number: number; times: number } {
    const word = this.guest.lastFault();
    return {
      step: names(LINK_STEPS).get((word >>> 20) & 15) ?? "unknown",
      cause: names(LINK_CAUSES).get((word >>> 16) & 15) ?? "unknown",
      number: word & 0xffff,
      times: (word >>> 24) & 127,
    };
  }

  join(ssid: string, secret: string): void {
    this.guest.join(this.#input.write(ssid), this.#input.write(secret, Buffer.byteLength(ssid)));
  }

  /** Use this access point, and unlock the SIM. */
  attach(apn: string, pin: string): void {
    this.guest.attach(this.#input.write(apn), this.#input.write(pin, Buffer.byteLength(apn)));
  }

  /** Give the module these commands, without AT. */
  order(commands: readonly string[]): void {
    this.guest.order(this.#input.write(commands.join("\n")));
  }

  open(host: string, port: number): number {
    return this.guest.open(this.#input.write(host), port);
  }

  send(bytes: Buffer): number {
    return this.guest.send(bytes.copy(this.#input));
  }

  receive(max = 4096): Buffer {
    return Buffer.from(this.#output.subarray(0, this.guest.receive(max)));
  }

  fromModule(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += 4096) this.guest.fromModule(bytes.copy(this.#input, 0, at));
  }

  toModule(max = 4096): Buffer {
    return Buffer.from(this.#output.subarray(0, this.guest.toModule(max)));
  }

  request(room: number, host: string, path: string, type: string, body: Buffer): Buffer {
    const text = Buffer.from(host + path + type);
    Buffer.concat([text, body]).copy(this.#input);
    this.guest.httpRequest(room, host.length, path.length, type.length, body.length);
    return Buffer.from(this.#output.subarray(0, this.guest.httpPull(4096)));
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += 4096) this.guest.httpPush(bytes.copy(this.#input, 0, at));
  }

  answer(): Buffer {
    return Buffer.from(Buffer.from(this.guest.memory.buffer, this.guest.answerAt(), this.guest.httpBodyLen()));
  }
}
