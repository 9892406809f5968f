/**
 * The bootrom, as far as firmware meets it (§2.8): the check of the second stage, and the functions that write flash, found
 * through the table whose addresses stand at 0x14 and 0x18. rp2040js brings no bootrom and this is not Raspberry Pi's: each
 * entry is an address where the model answers instead of an instruction.
 */
import type { RP2040 } from "rp2040js";
import type { Flashed, Parts } from "./parts.ts";
import { PROGRAM_BYTES, SECTOR_BYTES } from "./flash.ts";
import { crc32 } from "../../firmware/boot2.ts";
import type { Ssi } from "./ssi.ts";

const LOOKUP = 0x40;
const TABLE = 0x80;
const ENTRIES = 0x100;

/** Typical times of the Pico's W25Q16JV (§9.6 of its datasheet). */
const ERASE_NANOS = 45e6;
const PROGRAM_NANOS = 0.4e6;
/** The least that a call costs, in cycles. */
const CALL_CYCLES = 100;

const CODES = ["IF", "EX", "RE", "RP", "FC"] as const;
type Code = (typeof CODES)[number];

type Core = RP2040["core"];

export class Rom {
  private readonly chip: Flashed;
  private readonly ssi: Ssi;
  private readonly parts: Parts;
  /** Preparation of the flash: connected, then out of its mode for reading. */
  private readonly done = new Set<Code>();

  constructor(chip: Flashed, ssi: Ssi, parts: Parts) {
    this.chip = chip;
    this.ssi = ssi;
    this.parts = parts;
    const rom = new DataView(chip.bootrom.buffer);
    rom.setUint32(0x10, 0x0101_754d, true); // "Mu", 1: the mark of every RP2040's bootrom; its first version
    rom.setUint16(0x14, TABLE, true);
    rom.setUint16(0x18, LOOKUP | 1, true);
    for (const [i, code] of CODES.entries()) {
      rom.setUint16(TABLE + 4 * i, code.charCodeAt(0) | (code.charCodeAt(1) << 8), true);
      rom.setUint16(TABLE + 4 * i + 2, (ENTRIES + 4 * i) | 1, true);
    }
  }

  /** True if the first 256 bytes of flash end with their checksum. */
  isBootable(stage: Uint8Array): boolean {
    return crc32(stage.subarray(0, 252)) === new DataView(stage.buffer, stage.byteOffset).getUint32(252, true);
  }

  /** Answer a call to the bootrom; returns the cycles it took. */
  call(core: Core): number {
    const to = core.PC & ~1;
    const code = CODES[(to - ENTRIES) >>> 2];
    if (to === LOOKUP) this.lookUp(core);
    else if (code !== undefined && to % 4 === 0) this.perform(code, core.registers);
    else throw new Error(`the firmware runs the bootrom at 0x${to.toString(16)}, which is not modelled`);
    core.PC = core.LR & ~1;
    return CALL_CYCLES;
  }

  /** A table of pairs of code and address, ended by a zero. */
  private lookUp(core: Core): void {
    let at = core.registers[0] ?? 0;
    for (; this.chip.readUint16(at) !== 0; at += 4) {
      if (this.chip.readUint16(at) !== core.registers[1]) continue;
      core.registers[0] = this.chip.readUint16(at + 2);
      return;
    }
    core.registers[0] = 0;
  }

  private perform(code: Code, [at, second, third, fourth]: Uint32Array): void {
    if (code === "FC") {
      this.done.clear();
      this.ssi.held = false;
      return;
    }
    if (code === "IF" || code === "EX") this.ssi.take();
    else if (!this.done.has("IF") || !this.done.has("EX")) throw new Error(`the bootrom's ${code} before IF and EX`);
    else if (code === "RP") this.program(at ?? 0, second ?? 0, third ?? 0);
    else this.erase(at ?? 0, second ?? 0, third ?? 0, fourth ?? 0);
    this.done.add(code);
  }

  private program(at: number, data: number, len: number): void {
    this.mustFit(at, len, PROGRAM_BYTES);
    for (let done = 0; done < len; done += PROGRAM_BYTES) {
      const page = Uint8Array.from({ length: PROGRAM_BYTES }, (_, i) => this.chip.readUint8(data + done + i));
      this.parts.flash.program(at + done, page, this.parts.cut);
      this.busy(PROGRAM_NANOS);
    }
    this.chip.reflash(at, len);
  }

  private erase(at: number, len: number, block: number, command: number): void {
    this.mustFit(at, len, SECTOR_BYTES);
    if (block !== 65536 || command !== 0xd8) throw new Error("this command does not erase blocks of the flash");
    for (let done = 0; done < len; done += SECTOR_BYTES) {
      this.parts.flash.erase(at + done, this.parts.cut);
      this.busy(ERASE_NANOS);
    }
    this.chip.reflash(at, len);
  }

  private mustFit(at: number, len: number, unit: number): void {
    if (at % unit !== 0 || len % unit !== 0 || at + len > this.parts.flash.bytes.length)
      throw new Error(`the bootrom was asked to write ${len} bytes of flash at 0x${at.toString(16)}`);
  }

  /** The chip's time continues while the flash is busy. */
  private busy(nanos: number): void {
    (this.chip.clock as unknown as { tick(nanos: number): void }).tick(nanos);
  }
}
