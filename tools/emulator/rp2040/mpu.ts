/** The Cortex-M0+'s memory protection unit (ARMv6-M ARM B3.5), for privileged code, which is all there is. */
const TYPE = 0x90;
const CTRL = 0x94;
const RNR = 0x98;
const RBAR = 0x9c;
const RASR = 0xa0;
const REGIONS = 8;

const ENABLE = 1;
const IN_FAULTS = 2;
const DEFAULT_MAP = 4;

export type Kind = "read" | "write" | "run";

/** The accesses that a region forbids. */
interface Rule {
  readonly from: number;
  readonly to: number;
  /** Eight parts; a bit that is set leaves one out. */
  readonly without: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly run: boolean;
}

export class Mpu {
  /** True if it is on. */
  enabled = false;
  /** True if it is on and forbids reading or writing anywhere: otherwise no access needs to ask. */
  watches = false;
  private control = 0;
  private number = 0;
  private readonly base = new Uint32Array(REGIONS);
  private readonly attributes = new Uint32Array(REGIONS);
  /** The highest number has priority. */
  private rules: Rule[] = [];

  /** A register by its offset in the system control space, or undefined if it is not the MPU's. */
  read(offset: number): number | undefined {
    if (offset === TYPE) return REGIONS << 8;
    if (offset === CTRL) return this.control;
    if (offset === RNR) return this.number;
    if (offset === RBAR) return ((this.base[this.number] ?? 0) | this.number) >>> 0;
    return offset === RASR ? this.attributes[this.number] : undefined;
  }

  /** Write a register; false if it is not the MPU's. */
  write(offset: number, value: number): boolean {
    if (offset === CTRL) this.control = value & 7;
    else if (offset === RNR) this.number = value & (REGIONS - 1);
    else if (offset === RBAR) this.writeBase(value);
    else if (offset === RASR) this.attributes[this.number] = value;
    else return offset === TYPE;
    this.settle();
    return true;
  }

  private writeBase(value: number): void {
    if (value & 0x10) this.number = value & (REGIONS - 1);
    this.base[this.number] = value & ~0xff;
  }

  private settle(): void {
    this.enabled = (this.control & ENABLE) !== 0;
    this.rules = [...this.base.keys()].toReversed().flatMap((number) => this.rule(number));
    this.watches = this.enabled && this.rules.some(({ read, write }) => !read || !write);
  }

  private rule(number: number): Rule[] {
    const attributes = this.attributes[number] ?? 0;
    if (!(attributes & 1)) return [];
    const bytes = 2 ** (((attributes >>> 1) & 31) + 1);
    // Regions here are never smaller than 256 bytes, and lie at multiples of their size.
    const from = Math.floor((this.base[number] ?? 0) / bytes) * bytes;
    const rights = (attributes >>> 24) & 7;
    const run = !(attributes & (1 << 28));
    const write = rights >= 1 && rights <= 3;
    const read = rights !== 0 && rights !== 4;
    return [{ from, to: from + bytes, without: (attributes >>> 8) & 0xff, read, write, run: run && read }];
  }

  /** True if an access is denied; `exception` is the one being handled. */
  denies(address: number, kind: Kind, exception: number): boolean {
    if ((exception === 2 || exception === 3) && !(this.control & IN_FAULTS)) return false;
    for (const rule of this.rules) {
      if (address < rule.from || address >= rule.to) continue;
      const part = Math.floor((8 * (address - rule.from)) / (rule.to - rule.from));
      if (rule.without & (1 << part)) continue;
      return !rule[kind];
    }
    return !(this.control & DEFAULT_MAP);
  }
}
