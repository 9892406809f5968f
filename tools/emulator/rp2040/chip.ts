/**
 * The RP2040 of rp2040js with its missing parts: faults, the MPU, ROSC, the bootrom, flash that is written and that can be out
 * of reach, resets. The model refuses everything that the datasheet says the chip refuses, so firmware that runs here has been
 * checked.
 */
import { type Peripheral, RP2040, BasePeripheral } from "rp2040js";
import { Mpu } from "./mpu.ts";
import type { BitSource, Parts } from "./parts.ts";
import { Rom } from "./rom.ts";
import { Ssi } from "./ssi.ts";

export const RAM = 0x2000_0000;
export const RAM_BYTES = 264 * 1024;
const XIP = 0x1000_0000;
/** Four views of flash, with and without the cache, 16 MiB each. */
const XIP_END = 0x1400_0000;
/** Address of the second stage in the bootrom's RAM, and of the bootrom's stack below. */
const BOOT2 = 0x2004_1f00;
const SYSTEM_CONTROL = 0xe000_ed00;
const AIRCR = SYSTEM_CONTROL + 0x0c;
/** System control registers that read as written and do nothing here: SCR, CCR, SHCSR; CPACR reads 0. */
const KEPT = [0x10, 0x14, 0x24].map((offset) => SYSTEM_CONTROL + offset);
/** The die at 25.6 degrees: 0.7085 of 3.3 V. */
const TEMPERATURE_CHANNEL = 4;
const ROOM_TEMPERATURE = 879;
const HARD_FAULT = 3;
const NMI = 2;

/** Thrown by an access that the chip answers with a fault. */
export class Fault extends Error {}
/** Thrown by parts that reset the chip. */
export class Reset extends Error {}

/** Only RANDOMBIT of the ring oscillator; it runs by itself. */
class Rosc extends BasePeripheral {
  private readonly bit: BitSource;

  constructor(chip: RP2040, bit: BitSource) {
    super(chip, "ROSC");
    this.bit = bit;
  }

  override readUint32(offset: number): number {
    return offset === 0x1c ? this.bit() : super.readUint32(offset);
  }
}

/** State that a reset other than power-on keeps: RAM, and in the watchdog its scratch registers and the reason. */
export interface Remains {
  readonly ram: Uint8Array;
  readonly scratch: Uint32Array;
  readonly barked: boolean;
}

/** One access to data, for a tracer. */
export type Watch = (address: number, shift: number, isStore: boolean) => void;

/** A chip that has power. */
export class Chip extends RP2040 {
  /** Sees every access to data. */
  watch: Watch | undefined;
  /** The core has faulted while it handled a fault: nothing but a reset helps. */
  locked = false;
  private readonly parts: Parts;
  private readonly mpu = new Mpu();
  private readonly ssi: Ssi;
  private readonly rom: Rom;
  private readonly kept = new Map<number, number>();
  private readonly flashMask: number;
  /** The instruction that is executed. */
  private at = 0;
  /** Push the frame of a fault; words that cannot be pushed are lost. */
  private pushing = false;
  private barked = false;
  /** rp2040js reads memory while it is built. */
  private readonly ready: boolean = false;

  constructor(parts: Parts, remains?: Remains) {
    super();
    this.parts = parts;
    this.flashMask = parts.flash.bytes.length - 1;
    this.flash.set(parts.flash.bytes);
    this.logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: (who, what) => this.hear(who, what),
      error: (who, what) => this.hear(who, what),
    };
    this.onBreak = () => {
      throw new Fault("a breakpoint, or an undefined instruction");
    };
    this.ssi = new Ssi(this, parts.complain);
    this.rom = new Rom(this, this.ssi, parts);
    this.peripherals[0x18000] = this.ssi;
    this.peripherals[0x40060] = new Rosc(this, parts.bit);
    this.adc.channelValues[TEMPERATURE_CHANNEL] = ROOM_TEMPERATURE;
    if (remains) {
      this.sram.set(remains.ram);
      this.watchdog.scratchData.set(remains.scratch);
    }
    this.watchdog.onWatchdogTrigger = () => {
      this.barked = true;
      throw new Reset("watchdog");
    };
    this.reason(remains?.barked ?? false);
    this.ready = true;
    this.boot();
  }

  private get watchdog(): Watchdog {
    return this.peripherals[0x40058] as Watchdog;
  }

  /** The watchdog's REASON. */
  private reason(barked: boolean): void {
    (this.watchdog as unknown as { reason: number }).reason = barked ? 1 : 0;
    this.barked = barked;
  }

  /** State of this chip that a reset keeps. */
  remains(isWatchdog: boolean): Remains {
    // A reset by the core does not reach the watchdog: its old reason stays.
    return { ram: this.sram, scratch: this.watchdog.scratchData, barked: isWatchdog || this.barked };
  }

  /**
   * A part that rp2040js does not model must not read as zero silently: complaints of the core are faults, others are reported.
   */
  private hear(who: string, what: string): void {
    if (who === "CortexM0Core") throw new Fault(what);
    this.parts.complain(`${who}: ${what} (pc 0x${this.at.toString(16)})`);
  }

  /** Act as the bootrom does after a reset (§2.8.1): check the second stage, copy it, run it. */
  private boot(): void {
    const stage = this.flash.subarray(0, 256);
    if (!this.rom.isBootable(stage)) {
      this.parts.complain("bootrom: no second stage with a right checksum in flash; a chip would wait for USB here");
      this.locked = true;
      return;
    }
    this.sram.set(stage, BOOT2 - RAM);
    const { core } = this;
    core.VTOR = 0;
    core.SP = BOOT2;
    core.LR = 0;
    core.PC = BOOT2;
  }

  /** Run one instruction; returns the cycles it took. */
  run(): number {
    const { core } = this;
    const pc = core.PC;
    this.at = pc;
    if (pc < 0x4000) return this.rom.call(core);
    try {
      if (pc >>> 28 !== 1) this.mustRun(pc);
      return core.executeInstruction();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.fault();
      return 1;
    }
  }

  /** Code runs from flash, or from RAM where the MPU lets it. */
  private mustRun(pc: number): void {
    if (pc < RAM || pc >= RAM + RAM_BYTES) throw new Fault("no code there");
    if (this.mpu.enabled && this.mpu.denies(pc, "run", this.core.IPSR)) throw new Fault("MPU");
  }

  /** Enter the hard fault handler with the frame of the instruction that faulted; a fault in it is the end. */
  private fault(): void {
    const { core } = this;
    if (core.IPSR === HARD_FAULT || core.IPSR === NMI) {
      this.locked = true;
      return;
    }
    core.PC = this.at;
    this.pushing = true;
    core.exceptionEntry(HARD_FAULT);
    this.pushing = false;
    core.PC &= ~1;
  }

  /** An interrupt only wakes the core here; rp2040js would enter its handler even if it is masked. */
  override setInterrupt(irq: number, value: boolean): void {
    const bit = 1 << irq;
    if (value) {
      this.core.pendingInterrupts |= bit;
      this.core.interruptsUpdated = true;
    } else {
      this.core.pendingInterrupts &= ~bit;
    }
  }

  /** True if a core that waits for an interrupt has one. */
  get woken(): boolean {
    const { core } = this;
    return (core.pendingInterrupts & core.enabledInterrupts) !== 0 || core.pendingSystick || core.pendingPendSV;
  }

  /** Copy the new contents of the flash. */
  reflash(at: number, len: number): void {
    this.flash.set(this.parts.flash.bytes.subarray(at, at + len), at);
  }

  private mayRead(address: number): void {
    if (this.mpu.enabled && this.mpu.denies(address, "read", this.core.IPSR)) throw new Fault("MPU");
  }

  private mayWrite(address: number): void {
    if (this.mpu.enabled && this.mpu.denies(address, "write", this.core.IPSR)) throw new Fault("MPU");
  }

  /** The offset in flash, where it is in reach. */
  private inFlash(address: number): number {
    if (!this.ssi.isXip) throw new Fault("flash is out of reach");
    return address & this.flashMask;
  }

  override readUint32(given: number): number {
    const address = given >>> 0;
    if (!this.ready) return 0;
    if (address & 3) throw new Fault("not aligned");
    this.watch?.(address, 2, false);
    if (address >= RAM && address < RAM + RAM_BYTES) {
      if (this.mpu.watches) this.mayRead(address);
      return this.sramView.getUint32(address - RAM, true);
    }
    if (address >= XIP && address < XIP_END) return this.flashView.getUint32(this.inFlash(address), true);
    if (address < 0x4000) return this.bootrom[address >>> 2] ?? 0;
    if (address >>> 12 === 0xe_000e) return this.readCore(address);
    this.mustExist(address);
    return super.readUint32(address);
  }

  override readUint16(given: number): number {
    const address = given >>> 0;
    if (address & 1) throw new Fault("not aligned");
    if (address - this.at > 2 || address < this.at) this.watch?.(address, 1, false);
    if (address >= XIP && address < XIP_END) return this.flash16[this.inFlash(address) >>> 1] ?? 0;
    if (address >= RAM && address < RAM + RAM_BYTES) {
      if (this.mpu.watches) this.mayRead(address);
      return this.sramView.getUint16(address - RAM, true);
    }
    return this.part(address, 0xffff);
  }

  override readUint8(given: number): number {
    const address = given >>> 0;
    this.watch?.(address, 0, false);
    if (address >= RAM && address < RAM + RAM_BYTES) {
      if (this.mpu.watches) this.mayRead(address);
      return this.sram[address - RAM] ?? 0;
    }
    if (address >= XIP && address < XIP_END) return this.flash[this.inFlash(address)] ?? 0;
    return this.part(address, 0xff);
  }

  /** A part of a word that is neither flash nor RAM. */
  private part(address: number, mask: number): number {
    const { watch } = this;
    this.watch = undefined;
    const word = this.readUint32((address & ~3) >>> 0);
    this.watch = watch;
    return (word >>> (8 * (address & 3))) & mask;
  }

  override writeUint32(given: number, value: number): void {
    const address = given >>> 0;
    if (address & 3) throw new Fault("not aligned");
    this.watch?.(address, 2, true);
    if (address >= RAM && address < RAM + RAM_BYTES) {
      if (this.mpu.watches) this.mayWrite(address);
      this.sramView.setUint32(address - RAM, value, true);
      return;
    }
    if (this.pushing) return;
    if (address >>> 12 === 0xe_000e) return this.writeCore(address, value >>> 0);
    this.mustTake(address);
    super.writeUint32(address, value);
  }

  override writeUint16(given: number, value: number): void {
    const address = given >>> 0;
    if (address & 1) throw new Fault("not aligned");
    this.watch?.(address, 1, true);
    if (address >= RAM && address < RAM + RAM_BYTES) {
      if (this.mpu.watches) this.mayWrite(address);
      this.sramView.setUint16(address - RAM, value, true);
      return;
    }
    this.mustTake(address);
    super.writeUint16(address, value);
  }

  override writeUint8(given: number, value: number): void {
    const address = given >>> 0;
    this.watch?.(address, 0, true);
    if (address >= RAM && address < RAM + RAM_BYTES) {
      if (this.mpu.watches) this.mayWrite(address);
      this.sram[address - RAM] = value;
      return;
    }
    this.mustTake(address);
    super.writeUint8(address, value);
  }

  /** An access that no peripheral answers is a bus error. */
  private mustExist(address: number): void {
    const found = this.findPeripheral(address) as Peripheral | undefined;
    if (!found && address >>> 28 !== 0xd && address >>> 12 !== 0x5_0100) throw new Fault("nothing there");
  }

  /** ROM and flash as memory take no writes. */
  private mustTake(address: number): void {
    if (address < 0x1800_0000) throw new Fault("read-only");
    this.mustExist(address);
  }

  /** The core's own registers, some of which rp2040js does not have. */
  private readCore(address: number): number {
    const mpu = this.mpu.read(address - SYSTEM_CONTROL);
    if (mpu !== undefined) return mpu;
    if (address === AIRCR) return 0xfa05_0000;
    if (KEPT.includes(address)) return this.kept.get(address) ?? 0;
    return super.readUint32(address);
  }

  private writeCore(address: number, value: number): void {
    if (this.mpu.write(address - SYSTEM_CONTROL, value)) return;
    if (address === AIRCR) {
      if (value >>> 16 === 0x05fa && value & 4) throw new Reset("asked for");
      return;
    }
    if (KEPT.includes(address)) this.kept.set(address, value);
    else super.writeUint32(address, value);
  }
}

/** The watchdog of rp2040js, as far as it is used from here. */
interface Watchdog extends Peripheral {
  readonly scratchData: Uint32Array;
  onWatchdogTrigger: () => void;
}
