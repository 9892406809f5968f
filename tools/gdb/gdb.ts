/** A client of gdb's remote serial protocol (gdb manual, appendix E), for a programmer and for an emulator's tests. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Trouble } from "../trouble.ts";
import { MAP_MAX, memoryMap, type FlashRegion } from "./memory_map.ts";
import { frame, ProtocolError, Splitter } from "./packet.ts";

/** Address of a server. */
export type Where = { readonly host: string; readonly port: number } | { readonly unix: string };

/** Places of registers among all of them. */
export const SP = 13;
export const PC = 15;
/** Minimum packet size of a server that reports none: the smallest probes accept it. */
const PACKET_BYTES = 512;
const PACKET_BYTES_MOST = 16 * 1024;
const ANSWER_MS = 10_000;
/** Erasing a large sector, or scanning for a target. */
const SLOW_MS = 60_000;
const CONNECT_MS = 5_000;
/** Interval of the checks on a silent running machine. */
const RUNNING_MS = 100;
const TRIES = 3;
/** Messages that a server may send before an answer. */
const OUTPUT_MAX = 256 * 1024;
/** Maximum output of one semihosting call. */
const SAID_MAX = 4096;
const ENOSYS = 0x58;
/** Interrupt control and state register, and its field VECTACTIVE (ARMv7-M ARM B3.2.4). */
const ICSR = 0xe000ed04;
const VECTACTIVE = 0x1ff;

/** Receive the program's semihosting output. */
export type Hear = (text: string) => void;

export class Gdb {
  private readonly socket: Socket;
  private readonly splitter = new Splitter();
  private readonly packets: Buffer[] = [];
  private wake: () => void = () => undefined;
  private last: Buffer = Buffer.alloc(0);
  private naks = 0;
  private lost: Error | undefined;
  private packetBytes = PACKET_BYTES;
  private features: ReadonlySet<string> = new Set();
  private writesBinary: boolean | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => this.hear(bytes));
    socket.on("error", (error) => (this.lost ??= error));
    socket.on("close", () => {
      this.lost ??= new Error("the gdb server closed the connection");
      this.wake();
    });
  }

  /** Connect to a server; the program there stops. */
  static async attach(where: string | Where): Promise<Gdb> {
    const path = typeof where === "string" ? where : "unix" in where ? where.unix : undefined;
    const socket = path === undefined ? connect(where as { host: string; port: number }) : connect(path);
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error("no answer")));
    await once(socket, "connect");
    socket.setTimeout(0);
    return new Gdb(socket.setNoDelay());
  }

  private hear(bytes: Buffer): void {
    try {
      for (const item of this.splitter.take(bytes)) {
        if (item.kind === "packet") {
          this.socket.write("+");
          this.packets.push(item.data);
        } else if (item.kind === "spoiled") this.socket.write("-");
        else if (item.kind === "nak") this.again();
      }
      if (this.packets.length > PACKET_BYTES_MOST) throw new ProtocolError("unsolicited answers");
    } catch (error) {
      this.lost ??= error as Error;
      this.socket.destroy();
    }
    this.wake();
  }

  /** The server did not get the last packet whole. */
  private again(): void {
    if (++this.naks > TRIES) throw new ProtocolError("it refuses every packet");
    this.socket.write(this.last);
  }

  private send(data: Uint8Array | string): void {
    this.naks = 0;
    this.last = frame(data);
    this.socket.write(this.last);
  }

  /** The next packet; undefined when the time is over. */
  private async next(timeoutMs: number): Promise<Buffer | undefined> {
    const until = Date.now() + timeoutMs;
    while (this.packets.length === 0) {
      if (this.lost) throw this.lost;
      const left = until - Date.now();
      if (left <= 0) return undefined;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return this.packets.shift();
  }

  private async answer(what: string, timeoutMs: number): Promise<Buffer> {
    const packet = await this.next(timeoutMs);
    if (packet) return packet;
    this.socket.destroy();
    throw new Error(`the gdb server did not answer ${what} within ${timeoutMs / 1000} s`);
  }

  /** Send one packet and return the answer to it; rejects if the connection is lost or nothing comes. */
  async command(packet: Uint8Array | string, timeoutMs = ANSWER_MS): Promise<string> {
    this.send(packet);
    const what = Buffer.from(packet)
      .toString("latin1", 0, 16)
      .replace(/[^ -~]/g, ".");
    for (;;) {
      const text = (await this.answer(what, timeoutMs)).toString("latin1");
      // The server reports each stop of the machine: this is no answer.
      if (!/^T[0-9a-f]{2}/.test(text)) return text;
    }
  }

  /** Agree on features and the length of packets. */
  async greet(): Promise<void> {
    const features = (await this.command("qSupported:qXfer:memory-map:read+")).split(";");
    this.features = new Set(features);
    const told = features.find((feature) => feature.startsWith("PacketSize="))?.slice("PacketSize=".length) ?? "";
    const bytes = /^[0-9a-fA-F]{1,8}$/.test(told) ? Number.parseInt(told, 16) : PACKET_BYTES;
    this.packetBytes = Math.min(Math.max(bytes, 64), PACKET_BYTES_MOST);
  }

  /** Send the server a command of its own; return its output, or undefined for an unknown command. */
  async monitor(text: string): Promise<string | undefined> {
    this.send(`qRcmd,${Buffer.from(text, "latin1").toString("hex")}`);
    let said = "";
    for (;;) {
      const packet = (await this.answer(`monitor ${text}`, SLOW_MS)).toString("latin1");
      if (/^T[0-9a-f]{2}/.test(packet)) continue;
      if (packet === "") return undefined;
      if (packet === "OK") return said;
      if (/^E[0-9a-fA-F]{2}/.test(packet) && packet.length <= 3) return undefined;
      const hex = packet.startsWith("O") ? packet.slice(1) : packet;
      if (!/^([0-9a-fA-F]{2})+$/.test(hex)) throw new ProtocolError(`an answer to monitor ${text}`);
      said += Buffer.from(hex, "hex").toString("latin1");
      if (said.length > OUTPUT_MAX) throw new ProtocolError("too much output");
      if (!packet.startsWith("O")) return said;
    }
  }

  /** Send a packet that is answered by the machine's standing still; rejects if it does not. */
  private async untilStopped(packet: string): Promise<void> {
    this.send(packet);
    const answer = (await this.answer(packet, SLOW_MS)).toString("latin1");
    if (!/^[ST][0-9a-f]{2}/.test(answer)) throw new Error(`the chip did not halt after ${packet}`);
  }

  /** Attach to the first target, on servers that have found one but hold none. */
  attachTarget(): Promise<void> {
    return this.untilStopped("vAttach;1");
  }

  /** Start the program anew, and stop before its first instruction: on servers without a command that resets. */
  runAnew(): Promise<void> {
    return this.untilStopped("vRun;");
  }

  /** The chip's flash according to the server; none if it reports none. */
  async flashRegions(): Promise<FlashRegion[]> {
    if (!this.features.has("qXfer:memory-map:read+")) return [];
    let xml = "";
    for (;;) {
      const part = await this.command(`qXfer:memory-map:read::${xml.length.toString(16)},${(1024).toString(16)}`);
      if (!/^[lm]/.test(part)) throw new ProtocolError("its memory map");
      xml += part.slice(1);
      if (part.startsWith("l") || part.length === 1) return memoryMap(xml);
      if (xml.length > MAP_MAX) throw new ProtocolError("a memory map that does not end");
    }
  }

  /** Read memory. */
  async read(address: number, len: number): Promise<Buffer> {
    const chunk = (this.packetBytes - 8) >> 1;
    const parts: Buffer[] = [];
    for (let at = 0; at < len; at += chunk) {
      const size = Math.min(chunk, len - at);
      const part = Buffer.from(await this.command(`m${(address + at).toString(16)},${size.toString(16)}`), "hex");
      if (part.length !== size) throw new Error(`memory at 0x${(address + at).toString(16)} cannot be read`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  /** Write memory: on QEMU, flash too. */
  async write(address: number, bytes: Uint8Array, onBytes: (count: number) => void = () => undefined): Promise<void> {
    this.writesBinary ??= (await this.command(`X${address.toString(16)},0:`)) === "OK";
    // In binary every byte may need an escape, in hexadecimal each takes two digits.
    const chunk = (this.packetBytes - 32) >> 1;
    for (let at = 0; at < bytes.length; at += chunk) {
      const part = Buffer.from(bytes.subarray(at, at + chunk));
      const head = `${(address + at).toString(16)},${part.length.toString(16)}:`;
      const packet = this.writesBinary
        ? Buffer.concat([Buffer.from(`X${head}`), part])
        : `M${head}${part.toString("hex")}`;
      if ((await this.command(packet)) !== "OK")
        throw new Error(`memory at 0x${(address + at).toString(16)} cannot be written`);
      onBytes(part.length);
    }
  }

  /** Erase whole blocks of flash and write `bytes` there; `flashDone` makes it last. */
  async flash(address: number, bytes: Uint8Array, onBytes: (count: number) => void = () => undefined): Promise<void> {
    const place = `0x${address.toString(16)}`;
    const erased = await this.command(`vFlashErase:${address.toString(16)},${bytes.length.toString(16)}`, SLOW_MS);
    if (erased !== "OK") throw new Error(`flash at ${place} cannot be erased`);
    const chunk = (this.packetBytes - 32) >> 1;
    for (let at = 0; at < bytes.length; at += chunk) {
      const part = bytes.subarray(at, at + chunk);
      const packet = Buffer.concat([Buffer.from(`vFlashWrite:${(address + at).toString(16)}:`), part]);
      if ((await this.command(packet, SLOW_MS)) !== "OK") throw new Error(`flash at ${place} cannot be written`);
      onBytes(part.length);
    }
  }

  /** Have everything written that the server still holds. */
  async flashDone(): Promise<void> {
    if ((await this.command("vFlashDone", SLOW_MS)) !== "OK") throw new Error("the flash could not be written");
  }

  /** All registers, r0 to r15 first, as little-endian words. */
  async registers(): Promise<Buffer> {
    const registers = Buffer.from(await this.command("g"), "hex");
    if (registers.length < (PC + 1) * 4) throw new ProtocolError("its registers");
    return registers;
  }

  /** Read the program counter. */
  async counter(): Promise<number> {
    return (await this.registers()).readUInt32LE(PC * 4);
  }

  /** The number of the exception that the core handles; 0 in thread mode. */
  async exception(): Promise<number> {
    return (await this.read(ICSR, 4)).readUInt32LE() & VECTACTIVE;
  }

  /** Set one of the registers r0 to r15. */
  async setRegister(number: number, value: number): Promise<void> {
    const all = await this.registers();
    all.writeUInt32LE(value, number * 4);
    if ((await this.command(`G${all.toString("hex")}`)) !== "OK") throw new Error(`r${number} cannot be set`);
  }

  /** Stop the machine from now on whenever it comes to one of these addresses, in `runToBreak`. */
  async breakAt(addresses: readonly number[]): Promise<void> {
    for (const address of addresses) await this.command(`Z0,${address.toString(16)},2`);
  }

  /** Take the breaks away. */
  async unbreak(addresses: readonly number[]): Promise<void> {
    for (const address of addresses) await this.command(`z0,${address.toString(16)},2`);
  }

  /** Let the machine run to the next break, `c`, or do one instruction, `s`; false if it did not stop in time. */
  async runToBreak(how: "c" | "s", timeoutMs: number): Promise<boolean> {
    this.send(how);
    return (await this.next(timeoutMs)) !== undefined;
  }

  /**
   * Let the machine run until `done` resolves, and stop it again. The program can write lines by semihosting, but
   * can open no file.
   */
  async run(hear: Hear, done: Promise<unknown>): Promise<void> {
    const state = { over: false };
    void done.finally(() => {
      state.over = true;
      this.wake();
    });
    this.send("c");
    while (!state.over) {
      const packet = await this.next(RUNNING_MS);
      if (packet) await this.whileRunning(packet.toString("latin1"), hear);
    }
    for (;;) {
      // Again after each request: a server that waits for an answer to one drops the wish to stop.
      this.socket.write(Uint8Array.of(3));
      const text = (await this.answer("to stop", ANSWER_MS)).toString("latin1");
      if (/^[ST][0-9a-f]{2}/.test(text)) return;
      await this.whileRunning(text, hear);
    }
  }

  /** Answer what a running program asks of its debugger. */
  private async whileRunning(text: string, hear: Hear): Promise<void> {
    if (/^O([0-9a-fA-F]{2})+$/.test(text)) return hear(Buffer.from(text.slice(1), "hex").toString("latin1"));
    const write = /^Fwrite,([0-9a-fA-F]{1,8}),([0-9a-fA-F]{1,8}),([0-9a-fA-F]{1,8})$/.exec(text);
    if (write) {
      const [fd, from, len] = write.slice(1).map((digits) => Number.parseInt(digits, 16)) as [number, number, number];
      const isConsole = (fd === 1 || fd === 2) && len <= SAID_MAX;
      if (isConsole) hear((await this.read(from, len)).toString("latin1"));
      this.send(isConsole ? `F${len.toString(16)}` : `F-1,${ENOSYS.toString(16)}`);
    } else if (text.startsWith("F")) this.send(`F-1,${ENOSYS.toString(16)}`);
    else if (/^[WX]/.test(text)) throw new Error("the program ended");
    else if (/^[ST][0-9a-f]{2}/.test(text)) this.send("c");
  }

  /** Let the machine run, and go. */
  async detach(): Promise<void> {
    await this.command("D");
    this.socket.destroy();
  }

  /** Go without a word. */
  close(): void {
    this.socket.destroy();
  }
}

/** Connect to a server a person named. Throws Trouble. */
export async function attachTo(where: { readonly host: string; readonly port: number }): Promise<Gdb> {
  try {
    return await Gdb.attach(where);
  } catch (error) {
    throw new Trouble(
      `no gdb server answers at ${where.host}:${where.port}: ${(error as Error).message}`,
      "start it first (JLinkGDBServer, a Black Magic bridge, or `signet emulate`), and end other debuggers",
    );
  }
}
