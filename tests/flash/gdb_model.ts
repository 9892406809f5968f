/** A gdb server over a modelled chip, as Black Magic is one: flash in blocks, `vFlash…`, a scan before an attach. And its moods. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { frame, unescape } from "../../tools/gdb/packet.ts";

export const FLASH_BYTES = 0x10000;
export const BLOCK_BYTES = 0x400;
const RAM = 0x2000_0000;
const RAM_BYTES = 0x1000;

const MAP = `<?xml version="1.0"?><!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd"><memory-map><memory type="ram" start="0x20000000" length="0x1000"/><memory type="flash" start="0x00000000" length="0x10000"><property name="blocksize">0x400</property></memory></memory-map>`;

/** Its misbehaviour. */
export interface Mood {
  /** Send every byte by itself. */
  readonly slowly?: boolean;
  /** Refuse each packet once. */
  readonly naks?: boolean;
  /** Spoil the checksum of each answer once. */
  readonly spoils?: boolean;
  /** Write runs of characters as run lengths. */
  readonly runs?: boolean;
  /** Say nothing any more after a packet that begins so. */
  readonly silentAfter?: string;
  /** Answer a packet that begins so with this. */
  readonly instead?: readonly [begin: string, answer: string];
  /** Lose what is written to flash at this address. */
  readonly worn?: number;
  /** Close the connection at a packet that begins so. */
  readonly hangsUp?: string;
}

/** Write runs of 4 to 97 equal characters as the protocol shortens them. */
function runLengths(text: string): Buffer {
  const out = text.replace(/([^*}$#])\1{3,96}/g, (run, char: string) => {
    const code = run.length - 1 + 29;
    // `$`, `#`, `+` and `-` may not stand as a count.
    return [0x23, 0x24, 0x2b, 0x2d].includes(code) ? run : `${char}*${String.fromCharCode(code)}`;
  });
  const sum = Buffer.from(out, "latin1").reduce((total, byte) => (total + byte) & 255, 0);
  return Buffer.from(`$${out}#${sum.toString(16).padStart(2, "0")}`, "latin1");
}

export class Model {
  readonly flash = new Uint8Array(FLASH_BYTES).fill(0xff);
  readonly ram = new Uint8Array(RAM_BYTES);
  readonly heard: string[] = [];
  /** Semihosting calls to come when it runs: their text. */
  says: string[] = [];
  done = true;
  counter = 0;
  private readonly refusedOnce = new Set<string>();

  constructor(readonly mood: Mood = {}) {}

  private memory(address: number, length: number): Uint8Array | undefined {
    if (address + length <= FLASH_BYTES) return this.flash.subarray(address, address + length);
    const at = address - RAM;
    return at >= 0 && at + length <= RAM_BYTES ? this.ram.subarray(at, at + length) : undefined;
  }

  /** The answer to a packet; undefined for silence. */
  answer(packet: Buffer): string | undefined {
    const text = packet.toString("latin1");
    const { silentAfter, instead, worn } = this.mood;
    if (silentAfter !== undefined && text.startsWith(silentAfter)) return undefined;
    if (instead && text.startsWith(instead[0])) return instead[1];
    if (text.startsWith("qSupported")) return "PacketSize=400;qXfer:memory-map:read+";
    if (text.startsWith("qRcmd,")) {
      const command = Buffer.from(text.slice(6), "hex").toString("latin1");
      if (command === "version") return Buffer.from("Black Magic Probe (Firmware v1.10)\n").toString("hex");
      return command === "swdp_scan" ? Buffer.from("Target voltage: 3.3V\n 1  Nordic nRF51 M0\n").toString("hex") : "";
    }
    if (text === "vAttach;1") return "T05thread:1;";
    const part = /^qXfer:memory-map:read::([0-9a-f]+),([0-9a-f]+)$/.exec(text);
    if (part) {
      const [from, length] = [Number.parseInt(part[1]!, 16), Number.parseInt(part[2]!, 16)];
      return `${from + length >= MAP.length ? "l" : "m"}${MAP.slice(from, from + length)}`;
    }
    const read = /^m([0-9a-f]+),([0-9a-f]+)$/.exec(text);
    if (read) {
      const bytes = this.memory(Number.parseInt(read[1]!, 16), Number.parseInt(read[2]!, 16));
      return bytes ? Buffer.from(bytes).toString("hex") : "E01";
    }
    const write = /^X([0-9a-f]+),([0-9a-f]+):/.exec(text);
    if (write) {
      const address = Number.parseInt(write[1]!, 16);
      const bytes = packet.subarray(write[0].length);
      // A flash is not written as memory is.
      if (bytes.length !== Number.parseInt(write[2]!, 16) || (address < FLASH_BYTES && bytes.length > 0)) return "E02";
      this.memory(address, bytes.length)?.set(bytes);
      return "OK";
    }
    const erase = /^vFlashErase:([0-9a-f]+),([0-9a-f]+)$/.exec(text);
    if (erase) {
      const [address, length] = [Number.parseInt(erase[1]!, 16), Number.parseInt(erase[2]!, 16)];
      if (address % BLOCK_BYTES !== 0 || length % BLOCK_BYTES !== 0) return "E03";
      this.flash.fill(0xff, address, address + length);
      this.done = false;
      return "OK";
    }
    const program = /^vFlashWrite:([0-9a-f]+):/.exec(text);
    if (program) {
      const address = Number.parseInt(program[1]!, 16);
      for (const [i, byte] of packet.subarray(program[0].length).entries())
        if (address + i !== worn) this.flash[address + i]! &= byte;
      return "OK";
    }
    if (text === "vFlashDone") {
      this.done = true;
      return "OK";
    }
    if (text.startsWith("vRun;")) {
      this.counter = Buffer.from(this.flash.subarray(4, 8)).readUInt32LE() & ~1;
      return "T05";
    }
    if (text === "g") {
      const registers = Buffer.alloc(17 * 4);
      registers.writeUInt32LE(this.counter >>> 0, 15 * 4);
      return registers.toString("hex");
    }
    if (text === "c" || text.startsWith("F")) return this.call();
    return text === "D" ? "OK" : "";
  }

  /** Run up to the next semihosting call. */
  private call(): string | undefined {
    const text = this.says.shift();
    if (text === undefined) return undefined;
    this.ram.set(Buffer.from(text, "latin1"), 0);
    return `Fwrite,1,${RAM.toString(16)},${text.length.toString(16)}`;
  }

  /** Speak with one client. */
  serve(socket: Socket): void {
    const { slowly, naks, spoils, runs, hangsUp } = this.mood;
    const send = (bytes: Buffer): void => {
      if (!slowly) socket.write(bytes);
      else for (const byte of bytes) socket.write(Uint8Array.of(byte));
    };
    let rest: Buffer = Buffer.alloc(0);
    let last: Buffer = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (;;) {
        const first = rest[0];
        if (first === 0x2d) send(last);
        if (first === 3) send(frame("T02"));
        if (first === 0x2d || first === 0x2b || first === 3) {
          rest = rest.subarray(1);
          continue;
        }
        const end = rest.indexOf("#");
        if (end === -1 || rest.length < end + 3) return;
        const packet = unescape(rest.subarray(1, end));
        rest = rest.subarray(end + 3);
        const text = packet.toString("latin1");
        if (hangsUp !== undefined && text.startsWith(hangsUp)) return void socket.destroy();
        if (naks && !this.refusedOnce.delete(text)) {
          this.refusedOnce.add(text);
          send(Buffer.from("-"));
          continue;
        }
        this.heard.push(text);
        send(Buffer.from("+"));
        const answer = this.answer(packet);
        if (answer === undefined) continue;
        last = runs ? runLengths(answer) : frame(answer);
        const spoiled = Buffer.from(last);
        if (spoils) spoiled[spoiled.length - 1] = spoiled.at(-1) === 0x30 ? 0x31 : 0x30;
        send(spoils ? spoiled : last);
      }
    });
  }
}

/** Start a server for one model; returns where it is. */
export async function start(model: Model): Promise<{ where: { host: string; port: number }; close: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay());
    model.serve(socket);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    where: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
