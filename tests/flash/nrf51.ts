/**
 * An nRF51822 as a debugger sees it: flash controller, UICR and the core's debug registers behind a JTAG-DP, on OpenOCD's
 * `remote_bitbang` protocol. The core executes nothing; semihosting calls can be planted. The real chip has SWD only, which
 * Debian's `remote_bitbang` cannot speak: what is above the wire is the same.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";

const FLASH_BYTES = 256 * 1024;
const PAGE_BYTES = 1024;
const RAM = 0x2000_0000;
const RAM_BYTES = 16 * 1024;
const FICR = 0x1000_0000;
const UICR = 0x1000_1000;
const UICR_BYTES = 256;
const TEXT_AT = RAM + 0x100;
const CODE_AT = 0x200;
const BKPT_SEMIHOSTING = 0xbeab;
const SYS_WRITE0 = 4;

const IDCODE = 0x0bb1_1477;
const AHB_AP_IDR = 0x0477_0021;
const CPUID_M0 = 0x410c_c200;

export class Nrf51 {
  readonly flash = new Uint8Array(FLASH_BYTES).fill(0xff);
  readonly uicr = new Uint8Array(UICR_BYTES).fill(0xff);
  readonly ram = new Uint8Array(RAM_BYTES);
  /** The semihosting output of its program, call by call, when it runs. */
  says: string[] = [];
  halted = false;
  resets = 0;
  erasedPages = 0;
  private config = 0;
  private dhcsr = 0;
  private demcr = 0;
  private dcrdr = 0;
  private dfsr = 0;
  private resetSeen = false;
  private breakpoints = 0;
  private readonly registers = new Map<number, number>();

  private fill(address: number): { bytes: Uint8Array; at: number } | undefined {
    if (address < FLASH_BYTES) return { bytes: this.flash, at: address };
    if (address >= UICR && address < UICR + UICR_BYTES) return { bytes: this.uicr, at: address - UICR };
    if (address >= RAM && address < RAM + RAM_BYTES) return { bytes: this.ram, at: address - RAM };
    return undefined;
  }

  /** Read the word at an aligned address. */
  read(address: number): number {
    const memory = this.fill(address);
    if (memory) return new DataView(memory.bytes.buffer).getUint32(memory.at, true);
    switch (address) {
      case FICR + 0x10:
        return PAGE_BYTES;
      case FICR + 0x14:
        return FLASH_BYTES / PAGE_BYTES;
      case FICR + 0x5c:
        return 0xffff_0072;
      case 0x4001_e400:
        return 1;
      case 0x4001_e504:
        return this.config;
      case 0xe000_ed00:
        return CPUID_M0;
      case 0xe000_ed30:
        return this.dfsr;
      case 0xe000_edf0: {
        const state = (1 << 16) | (this.halted ? 1 << 17 : 0) | (this.resetSeen ? 1 << 25 : 0);
        this.resetSeen = false;
        return (this.dhcsr & 0xf) | state;
      }
      case 0xe000_edf8:
        return this.dcrdr;
      case 0xe000_edfc:
        return this.demcr;
      case 0xe000_2000:
        return 0x40 | this.breakpoints;
      default:
        return address >= FICR && address < UICR ? 0xffff_ffff : 0;
    }
  }

  /** Write the word at an aligned address. */
  write(address: number, value: number): void {
    const memory = this.fill(address);
    if (memory) {
      const view = new DataView(memory.bytes.buffer);
      // Flash and UICR change only while the controller is told to write, and then bits only clear.
      if (memory.bytes === this.ram) view.setUint32(memory.at, value, true);
      else if (this.config === 1) view.setUint32(memory.at, view.getUint32(memory.at, true) & value, true);
      return;
    }
    switch (address) {
      case 0x4001_e504:
        this.config = value & 3;
        return;
      case 0x4001_e508:
        if (this.config === 2) {
          this.erasedPages++;
          this.flash.fill(0xff, value, value + PAGE_BYTES);
        }
        return;
      case 0x4001_e50c:
        if (this.config === 2) {
          this.flash.fill(0xff);
          this.uicr.fill(0xff);
        }
        return;
      case 0xe000_ed0c:
        if (value >>> 16 === 0x05fa && value & 5) this.reset();
        return;
      case 0xe000_2000:
        this.breakpoints = value & 1;
        return;
      case 0xe000_ed30:
        this.dfsr &= ~value;
        return;
      case 0xe000_edf0:
        if (value >>> 16 === 0xa05f) this.control(value & 0xf);
        return;
      case 0xe000_edf4:
        if (value & 0x1_0000) this.registers.set(value & 0x7f, this.dcrdr);
        else this.dcrdr = this.registers.get(value & 0x7f) ?? 0;
        return;
      case 0xe000_edf8:
        this.dcrdr = value;
        return;
      case 0xe000_edfc:
        this.demcr = value;
    }
  }

  private reset(): void {
    this.resets++;
    this.resetSeen = true;
    this.config = 0;
    this.registers.clear();
    this.registers
      .set(15, this.read(4) & ~1)
      .set(13, this.read(0))
      .set(16, 0x0100_0000);
    this.halted = (this.demcr & 1) !== 0;
    if (this.halted) this.dfsr |= 8;
    else this.speak();
  }

  private control(bits: number): void {
    const ran = !this.halted;
    this.dhcsr = bits;
    this.halted = (bits & 3) === 3;
    if (this.halted && ran) this.dfsr |= 1;
    // A step of a core that executes nothing ends where it began.
    if (bits & 4) this.halted = true;
    else if (!this.halted && !ran) this.speak();
  }

  /** The program runs up to its next semihosting call. */
  private speak(): void {
    const text = this.says.shift();
    if (text === undefined || !(this.dhcsr & 1)) return;
    this.ram.set(Buffer.from(`${text}\0`, "latin1"), TEXT_AT - RAM);
    new DataView(this.flash.buffer).setUint16(CODE_AT, BKPT_SEMIHOSTING, true);
    this.registers.set(0, SYS_WRITE0).set(1, TEXT_AT).set(15, CODE_AT).set(16, 0x0100_0000);
    this.halted = true;
    this.dfsr |= 2;
  }
}

/** The debug port: CTRL/STAT, SELECT, and one MEM-AP. */
class DebugPort {
  private control = 0;
  private select = 0;
  private csw = 0;
  private tar = 0;

  constructor(private readonly chip: Nrf51) {}

  dp(register: number, value: number | undefined): number {
    if (register === 4 && value !== undefined) this.control = value;
    if (register === 8 && value !== undefined) this.select = value;
    if (register !== 4) return 0;
    const powered = ((this.control >>> 30) & 1 ? 0x8000_0000 : 0) | ((this.control >>> 28) & 1 ? 0x2000_0000 : 0);
    return ((this.control & 0x5000_0000) | powered) >>> 0;
  }

  ap(register: number, value: number | undefined): number {
    if (this.select >>> 24 !== 0) return 0;
    const full = (this.select & 0xf0) | register;
    const isWrite = value !== undefined;
    if (full === 0x00) {
      // No packed transfers: the field reads back as single.
      if (isWrite) this.csw = (value & 0x20) === 0 ? value : value & ~0x30;
      return (this.csw | 0x40) >>> 0;
    }
    if (full === 0x04) {
      if (isWrite) this.tar = value >>> 0;
      return this.tar;
    }
    if (full === 0x0c) return this.transfer(value);
    if (full >= 0x10 && full <= 0x1c) return this.word(((this.tar & ~0xf) + (full - 0x10)) >>> 0, value);
    if (full === 0xfc) return AHB_AP_IDR;
    return full === 0xf8 ? 0xffff_ffff : 0;
  }

  private word(address: number, value: number | undefined): number {
    if (value === undefined) return this.chip.read(address);
    this.chip.write(address, value >>> 0);
    return 0;
  }

  /** One transfer of the size that CSW says, on its byte lanes; then the address moves on. */
  private transfer(value: number | undefined): number {
    const size = 1 << (this.csw & 7);
    const aligned = (this.tar & ~3) >>> 0;
    let out = 0;
    if (size === 4 || value === undefined) out = this.word(aligned, value);
    else {
      const mask = ((size === 1 ? 0xff : 0xffff) << (8 * (this.tar & 3))) >>> 0;
      this.chip.write(aligned, ((this.chip.read(aligned) & ~mask) | (value & mask)) >>> 0);
    }
    if (this.csw & 0x10) this.tar = (this.tar + size) >>> 0;
    return out >>> 0;
  }
}

// prettier-ignore
/** The next state of the TAP for TMS 0 and 1 (IEEE 1149.1 figure 6-1). */
const NEXT: Record<string, readonly [string, string]> = {
  reset: ["idle", "reset"], idle: ["idle", "selectDr"],
  selectDr: ["captureDr", "selectIr"], captureDr: ["shiftDr", "exitDr"], shiftDr: ["shiftDr", "exitDr"],
  exitDr: ["pauseDr", "updateDr"], pauseDr: ["pauseDr", "exit2Dr"], exit2Dr: ["shiftDr", "updateDr"], updateDr: ["idle", "selectDr"],
  selectIr: ["captureIr", "reset"], captureIr: ["shiftIr", "exitIr"], shiftIr: ["shiftIr", "exitIr"],
  exitIr: ["pauseIr", "updateIr"], pauseIr: ["pauseIr", "exit2Ir"], exit2Ir: ["shiftIr", "updateIr"], updateIr: ["idle", "selectDr"],
};

const DPACC = 0xa;
const APACC = 0xb;
const ID = 0xe;
const ACK_OK = 2n;

class Tap {
  private state = "reset";
  private ir = ID;
  private shift = 0n;
  private length = 0;
  private tck = 0;
  private result = 0;
  private readonly port: DebugPort;

  constructor(chip: Nrf51) {
    this.port = new DebugPort(chip);
  }

  get tdo(): number {
    return Number(this.shift & 1n);
  }

  pins(bits: number): void {
    const tck = (bits >> 2) & 1;
    if (tck && !this.tck) this.rise((bits >> 1) & 1, bits & 1);
    this.tck = tck;
  }

  private rise(tms: number, tdi: number): void {
    if (this.state === "shiftDr" || this.state === "shiftIr")
      this.shift = (this.shift >> 1n) | (BigInt(tdi) << BigInt(this.length - 1));
    this.state = NEXT[this.state]![tms]!;
    if (this.state === "reset") this.ir = ID;
    if (this.state === "captureIr") [this.shift, this.length] = [1n, 4];
    if (this.state === "updateIr") this.ir = Number(this.shift & 0xfn);
    if (this.state === "captureDr") this.capture();
    if (this.state === "updateDr") this.update();
  }

  private capture(): void {
    if (this.ir === ID) [this.shift, this.length] = [BigInt(IDCODE), 32];
    else if (this.ir === DPACC || this.ir === APACC)
      [this.shift, this.length] = [(BigInt(this.result >>> 0) << 3n) | ACK_OK, 35];
    else [this.shift, this.length] = [0n, this.ir === 8 ? 35 : 1];
  }

  private update(): void {
    if (this.ir !== DPACC && this.ir !== APACC) return;
    const isRead = (this.shift & 1n) === 1n;
    const register = Number((this.shift >> 1n) & 3n) << 2;
    const value = isRead ? undefined : Number((this.shift >> 3n) & 0xffff_ffffn);
    // RDBUFF gives the result of the read before once more.
    if (this.ir === DPACC && register === 0xc) return;
    const out = this.ir === DPACC ? this.port.dp(register, value) : this.port.ap(register, value);
    if (isRead) this.result = out;
  }
}

/** Serve a chip to OpenOCD; returns its port. */
export async function serve(chip: Nrf51): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay());
    const tap = new Tap(chip);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      let answer = "";
      for (const byte of bytes) {
        if (byte >= 0x30 && byte <= 0x37) tap.pins(byte - 0x30);
        else if (byte === 0x52) answer += tap.tdo;
        else if (byte === 0x51) socket.end();
      }
      if (answer) socket.write(answer);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Write the OpenOCD script that takes the place of an adapter's. */
export function adapterScript(port: number): string {
  return [
    "adapter driver remote_bitbang",
    "remote_bitbang host 127.0.0.1",
    `remote_bitbang port ${port}`,
    // The script of the chip leaves out what only JTAG needs.
    "rename source plain_source",
    "proc source {file} {",
    "  uplevel #0 plain_source $file",
    "  proc swj_newdap {chip tag args} { eval jtag newtap $chip $tag -irlen 4 $args }",
    "}",
    // The modelled core runs no code: no helper is to be loaded into its RAM.
    "set WORKAREASIZE 0",
    "",
  ].join("\n");
}
