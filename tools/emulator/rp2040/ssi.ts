/** The serial interface between flash and the bus (§4.10): whether flash can be read as memory. */
import { BasePeripheral, type RP2040 } from "rp2040js";

const CTRLR0 = 0x00;
const CTRLR1 = 0x04;
const SSIENR = 0x08;
const BAUDR = 0x14;
const SPI_CTRLR0 = 0xf4;
const NAMES = new Map([
  [CTRLR0, "CTRLR0"],
  [CTRLR1, "CTRLR1"],
  [BAUDR, "BAUDR"],
  [SPI_CTRLR0, "SPI_CTRLR0"],
]);

/** Command 03h is good for 50 MHz. */
const MOST_HZ = 50e6;

export class Ssi extends BasePeripheral {
  /** Flash can be read as memory. */
  isXip = false;
  /** The bootrom holds the flash's select line: nothing is read as memory until its cache is flushed. */
  held = false;
  private enabled = false;
  private readonly registers = new Map<number, number>();
  private readonly complain: (what: string) => void;

  constructor(chip: RP2040, complain: (what: string) => void) {
    super(chip, "SSI");
    this.complain = complain;
  }

  /** State after the bootrom's functions. */
  take(): void {
    this.isXip = false;
    this.held = true;
  }

  override readUint32(offset: number): number {
    if (offset === SSIENR) return this.enabled ? 1 : 0;
    return NAMES.has(offset) ? (this.registers.get(offset) ?? 0) : super.readUint32(offset);
  }

  override writeUint32(offset: number, value: number): void {
    if (offset === SSIENR) this.enable((value & 1) !== 0);
    else if (!NAMES.has(offset)) super.writeUint32(offset, value);
    else if (this.enabled) this.complain(`SSI: ${NAMES.get(offset)} is written while it is enabled, which is ignored`);
    else this.registers.set(offset, value >>> 0);
  }

  private enable(on: boolean): void {
    this.enabled = on;
    const problem = on ? this.problem() : undefined;
    if (problem !== undefined) this.complain(`SSI: flash cannot be read: ${problem}`);
    this.isXip = on && problem === undefined;
  }

  /** Why the registers do not make a read with command 03h. */
  private problem(): string | undefined {
    const field = (offset: number, shift: number, bits: number): number =>
      ((this.registers.get(offset) ?? 0) >>> shift) & (2 ** bits - 1);
    const divider = field(BAUDR, 0, 16);
    if (this.held) return "the bootrom still holds its select line";
    if (divider < 2 || divider % 2 !== 0) return `a divider of ${divider}`;
    if (this.rp2040.clkSys / divider > MOST_HZ) return `${this.rp2040.clkSys / divider} Hz is too fast`;
    if (field(CTRLR0, 21, 2) !== 0 || field(CTRLR0, 16, 5) !== 31) return "not 32 bits a frame on one wire";
    if (field(CTRLR0, 8, 2) !== 3 || field(CTRLR1, 0, 16) !== 0) return "not one frame to read after a command";
    if (field(SPI_CTRLR0, 24, 8) !== 0x03) return `command ${field(SPI_CTRLR0, 24, 8)}`;
    if (field(SPI_CTRLR0, 8, 2) !== 2 || field(SPI_CTRLR0, 2, 4) !== 6)
      return "not a command of 8 bits, an address of 24";
    return field(SPI_CTRLR0, 0, 2) !== 0 || field(SPI_CTRLR0, 11, 5) !== 0 ? "not a plain transfer" : undefined;
  }
}
