/** A client of QEMU's gdb server: the few packets of the remote protocol that the emulator and its tests need. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** The program counter among the registers of a packet. */
const PC = 15;
/** Bytes of memory in one packet. */
const CHUNK = 1024;

export class Gdb {
  private readonly socket: Socket;
  private have = "";
  private wake: () => void = () => undefined;
  private lost: Error | undefined;

  private constructor(socket: Socket) {
    this.socket = socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.have += text;
      this.wake();
    });
    socket.on("error", (error) => (this.lost = error));
    socket.on("close", () => {
      this.lost ??= new Error("the gdb server closed the connection");
      this.wake();
    });
  }

  /** Connect to the server's unix socket; the machine stops. */
  static async attach(path: string): Promise<Gdb> {
    const socket = connect(path);
    await once(socket, "connect");
    return new Gdb(socket);
  }

  /** Send one packet and return the answer to it; rejects if the connection is lost. */
  async command(packet: string): Promise<string> {
    const sum = Buffer.from(packet, "latin1").reduce((total, byte) => (total + byte) & 255, 0);
    this.socket.write(`$${packet}#${sum.toString(16).padStart(2, "0")}`);
    for (;;) {
      const match = /\$([^#]*)#[0-9a-f]{2}/.exec(this.have);
      if (match) {
        this.have = this.have.slice(match.index + match[0].length);
        this.socket.write("+");
        // The server says that the machine stopped whenever it did: that answers nothing.
        if (!/^T[0-9a-f]{2}/.test(match[1] ?? "")) return match[1] ?? "";
        continue;
      }
      if (this.lost) throw this.lost;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  async read(address: number, len: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let at = 0; at < len; at += CHUNK) {
      const size = Math.min(CHUNK, len - at);
      parts.push(Buffer.from(await this.command(`m${(address + at).toString(16)},${size.toString(16)}`), "hex"));
    }
    const all = Buffer.concat(parts);
    if (all.length !== len) throw new Error(`the board's memory at 0x${address.toString(16)} can not be read`);
    return all;
  }

  /** Write memory; flash, too. */
  async write(address: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const part = Buffer.from(bytes.subarray(at, at + CHUNK));
      const answer = await this.command(
        `M${(address + at).toString(16)},${part.length.toString(16)}:${part.toString("hex")}`,
      );
      if (answer !== "OK") throw new Error(`the board's memory at 0x${address.toString(16)} can not be written`);
    }
  }

  /** Where the core is. */
  async counter(): Promise<number> {
    return Buffer.from(await this.command("g"), "hex").readUInt32LE(PC * 4);
  }

  /** Let the machine run, and go. */
  async detach(): Promise<void> {
    await this.command("D");
    this.socket.destroy();
  }
}
