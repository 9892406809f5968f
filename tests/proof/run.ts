/** A symbolic run of a routine of assembly: each register and each word of memory is a linear form, and each branch is decided by numbers that are known. */
import { type Access, type Effect, effectOf, LR, PC, SP } from "../../tools/firmware/effects.ts";
import type { Instruction, Listing } from "../../tools/firmware/listing.ts";
import {
  type Bounds,
  boundsOf,
  constant,
  divided,
  joined,
  type Linear,
  product,
  sum,
  Unknowns,
  valueOf,
  WORD,
} from "./linear.ts";

const RETURN = 0xfffffffe;
export const STACK = 0x20008000;
const CONDITIONS: Readonly<Record<string, readonly [carry: boolean, wanted: boolean]>> = {
  eq: [false, true],
  ne: [false, false],
  cs: [true, true],
  cc: [true, false],
};

const NAMES: Readonly<Record<string, number>> = { sb: 9, sl: 10, fp: 11, ip: 12, sp: SP, lr: LR, pc: PC };

function registerOf(text: string): number {
  return NAMES[text] ?? Number.parseInt(text.slice(1), 10);
}

/** A number that is known to be a word. */
function asWord({ form, min, max }: Linear): Linear {
  return { form, min: min < 0n ? 0n : min, max: max >= WORD ? WORD - 1n : max };
}

interface Step {
  readonly one: Instruction;
  readonly next: number;
}

const decoded = new WeakMap<Listing, ReadonlyMap<number, Step>>();

/** The instructions of a listing by address, each with the address of the next. */
function codeOf(listing: Listing): ReadonlyMap<number, Step> {
  const known = decoded.get(listing);
  if (known !== undefined) return known;
  const steps = listing.routines.flatMap(({ instructions }) =>
    instructions.map((one, i): [number, Step] => [one.address, { one, next: instructions[i + 1]?.address ?? RETURN }]),
  );
  const code = new Map(steps);
  decoded.set(listing, code);
  return code;
}

/** The state of a core. */
export class Run {
  private readonly unknowns = new Unknowns();
  private readonly registers: Linear[] = Array.from({ length: 16 }, () => constant(0n));
  private readonly memory = new Map<number, Linear>();
  /** The carry, 0 or 1; and the last result that set the flags. */
  private carry: Linear = constant(0n);
  private last: Linear | undefined;
  /** The unknowns that are known by now. */
  private readonly shown: [name: string, by: Linear][] = [];
  /** The words that a chain of carries has added so far, word by word. */
  private chain: [place: bigint, word: Linear][] = [];
  private place: bigint | undefined;

  constructor(
    private readonly listing: Listing,
    /** Called before each instruction. */
    private readonly before: (run: Run, instruction: Instruction) => void = () => undefined,
  ) {}

  /** Put words into memory. */
  write(address: number, words: readonly Linear[]): void {
    words.forEach((word, i) => this.memory.set(address + 4 * i, word));
  }

  /** Words of memory as one number. */
  read(address: number, count: number): Linear {
    return joined(Array.from({ length: count }, (_, i) => this.load(address + 4 * i)));
  }

  /** Call a routine with numbers and words in its first registers. */
  call(name: string, ...given: readonly (number | Linear)[]): void {
    const routine = this.listing.routines.find((one) => one.name === name);
    if (routine === undefined) throw new Error(`there is no ${name}`);
    this.set(SP, constant(BigInt(STACK)));
    this.set(LR, constant(BigInt(RETURN)));
    given.forEach((one, i) => this.set(i, typeof one === "number" ? constant(BigInt(one)) : one));
    const code = codeOf(this.listing);
    for (let at = routine.address; at !== RETURN;) {
      const step = code.get(at);
      if (step === undefined) throw new Error(`no instruction at ${at.toString(16)}`);
      try {
        this.before(this, step.one);
        at = this.step(step.one, effectOf(step.one), step.next) ?? step.next;
      } catch (error) {
        throw new Error(`${at.toString(16)}: ${step.one.mnemonic} ${step.one.operands}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    }
  }

  private set(register: number, value: Linear): void {
    this.registers[register] = value;
  }

  private get(register: number): Linear {
    return this.registers[register]!;
  }

  private load(address: number): Linear {
    const literal = this.listing.literals.get(address);
    const word = this.memory.get(address) ?? (literal === undefined ? undefined : constant(BigInt(literal)));
    if (word === undefined) throw new Error(`nothing was written at ${address.toString(16)}`);
    return word;
  }

  /** Execute an instruction; the address where a branch goes. */
  private step(instruction: Instruction, effect: Effect, next: number): number | undefined {
    const { operation, access, condition } = effect;
    if (operation === "nop") return undefined;
    if (operation === "bx") return Number(valueOf(this.get(registerOf(instruction.operands))));
    if (effect.target !== undefined) {
      if (operation === "bl") this.set(LR, constant(BigInt(next)));
      else if (operation !== "b") throw new Error("another branch");
      return condition === undefined || this.holds(condition) ? effect.target : undefined;
    }
    if (condition !== undefined) throw new Error("a conditional instruction");
    if (access !== undefined) return this.access(access, instruction);
    this.compute(effect, instruction.operands.split(/, */));
    return undefined;
  }

  private holds(condition: string): boolean {
    const [isCarry, wanted] = CONDITIONS[condition] ?? [];
    const flag = isCarry === undefined ? undefined : isCarry ? valueOf(this.carry) : valueOf(this.last ?? this.get(0));
    if (flag === undefined) throw new Error("a branch on a number that is not known");
    return (isCarry ? flag === 1n : flag === 0n) === wanted;
  }

  private access(
    { isLoad, base, offset, moves, registers, index, bytes }: Access,
    { address }: Instruction,
  ): number | undefined {
    if (index !== undefined || bytes !== 4) throw new Error("an access that is not of words at a constant distance");
    const from = base === PC ? BigInt((address + 4) & ~3) : valueOf(this.get(base));
    if (from === undefined) throw new Error("an address that is not known");
    const at = Number(from) + offset;
    if (moves !== 0 && !(isLoad && registers.includes(base))) this.set(base, constant(from + BigInt(moves)));
    const values = isLoad ? registers.map((_, i) => this.load(at + 4 * i)) : [];
    registers.forEach((register, i) =>
      isLoad ? this.set(register, values[i]!) : this.memory.set(at + 4 * i, this.get(register)),
    );
    return isLoad && registers.includes(PC) ? Number(valueOf(this.get(PC))) : undefined;
  }

  /** The value of an operand with its shift. */
  private operand(texts: readonly string[]): Linear {
    const [text = "", shift] = texts;
    const value = text.startsWith("#")
      ? constant(BigInt.asUintN(32, BigInt(text.slice(1).replace(/^-/, ""))) * (text.startsWith("#-") ? -1n : 1n))
      : this.get(registerOf(text));
    const plain = value.min < 0n ? sum([1n, value], [1n, constant(WORD)]) : value;
    if (shift === undefined) return plain;
    const [kind, by] = shift.split(" #");
    const bits = BigInt(by ?? 0);
    if (kind === "lsl") {
      const lost = this.unknowns.shifted(plain, 32n - bits);
      return asWord(sum([1n << bits, plain], [-WORD, lost]));
    }
    if (kind === "lsr") return this.unknowns.shifted(plain, bits);
    throw new Error(`the shift ${shift}`);
  }

  /** Take a result modulo 2^32, and set flags. `carryOf` turns what is above into the carry. */
  private result(
    register: number | undefined,
    exact: Linear,
    effect: Effect,
    carryOf: (high: Linear) => Linear,
    above?: Bounds,
  ): void {
    const [low, high] = this.unknowns.split(exact, 32n, above);
    if (register !== undefined) this.set(register, low);
    if (!effect.setsFlags) return;
    this.last = low;
    this.carry = carryOf(high);
    if (carryOf(constant(0n)).max !== 0n) this.place = undefined;
  }

  private compute(effect: Effect, operands: readonly string[]): void {
    const { operation } = effect;
    const [first = "", second = "", third = "", fourth = ""] = operands;
    const register = registerOf(first);
    if (effect.shape === "long" || effect.shape === "accumulate") {
      const factors = product(this.get(registerOf(third)), this.get(registerOf(fourth)));
      return this.long(operation, register, registerOf(second), factors);
    }
    const isTwo = operands.length === 2 || /^(?:lsl|lsr)\b/.test(third);
    const a = isTwo ? this.get(register) : operation.startsWith("mov") ? constant(0n) : this.get(registerOf(second));
    const b = this.operand(isTwo ? operands.slice(1) : operands.slice(2));
    const same = (high: Linear): Linear => high;
    const borrow = (high: Linear): Linear => sum([1n, high], [1n, constant(1n)]);
    const missing = sum([1n, this.carry], [-1n, constant(1n)]);
    switch (operation) {
      case "mov":
      case "movw":
        this.set(register, this.operand(operands.slice(1)));
        if (effect.setsFlags) this.last = this.get(register);
        return;
      case "add":
      case "addw":
        if (effect.setsFlags) [this.chain, this.place] = [[], -1n];
        if (effect.setsFlags) this.chained(a, b, true);
        return this.result(register, sum([1n, a], [1n, b]), effect, same);
      case "adc":
        return this.result(
          register,
          sum([1n, a], [1n, b], [1n, this.carry]),
          effect,
          same,
          this.chained(a, b, effect.setsFlags),
        );
      case "sub":
      case "subw":
        return this.result(register, sum([1n, a], [-1n, b]), effect, borrow);
      case "sbc":
        return this.result(register, sum([1n, a], [-1n, b], [1n, missing]), effect, borrow);
      case "rsb":
        return this.result(register, sum([1n, b], [-1n, a]), effect, borrow);
      case "cmp":
        return this.result(undefined, sum([1n, this.get(register)], [-1n, b]), effect, borrow);
      case "orr":
        if (effect.setsFlags) break;
        this.set(register, this.withTop(a, b));
        return;
      case "lsl":
        if (effect.setsFlags) break;
        return this.result(register, sum([1n << BigInt(effect.immediate ?? 0), a]), effect, same);
      case "lsr":
        if (effect.setsFlags) break;
        this.set(register, this.unknowns.shifted(a, BigInt(effect.immediate ?? 0)));
        return;
      case "mul":
        if (effect.setsFlags) break;
        return this.result(register, product(a, b), effect, same);
    }
    throw new Error("an operation that is not known here");
  }

  /** Set the top bit of a word. */
  private withTop(word: Linear, bit: Linear): Linear {
    if (valueOf(bit) !== WORD / 2n) throw new Error("an OR with another number than 2^31");
    const rest = sum([1n, word], [-WORD / 2n, this.unknowns.shifted(word, 31n)]);
    return sum([1n, bit], [1n, { form: rest.form, min: 0n, max: WORD / 2n - 1n }]);
  }

  /**
   * Show that carries were zero: `total`, a sum of words, plus these carries is `exact`, which is at most `max` and so too small for them. From here on
   * they are no unknowns.
   */
  exclude(total: Linear, exact: Linear, max = exact.max): void {
    const rest = sum([1n, exact], [-1n, total]).form;
    if (total.min < 0n) throw new Error("a sum that may be negative");
    for (const [name, value] of rest) {
      if (!this.unknowns.isCount(name) || value <= max) throw new Error(`the carry ${name} may have been lost`);
      this.replace(name, constant(0n));
    }
  }

  /**
   * Show that a register is a mask: all ones if `exact` is negative, else zero. `words` are the lowest words of `exact`, and the register the next one; `exact`
   * is within the bounds. Return the bit of the mask.
   */
  decide(words: Linear, count: bigint, register: number, exact: Linear, { min, max }: Bounds): Linear {
    const above = WORD ** count;
    if (min < -above || max >= above) throw new Error("a number that is too large");
    const rest = [...sum([1n, exact], [-1n, words]).form];
    if (rest.some(([, value]) => value % above !== 0n)) throw new Error("other words than those of the number");
    const top: Linear = { form: new Map(rest.map(([name, value]) => [name, value / above])), min: -1n, max: 0n };
    const off = sum([1n, this.get(register)], [-1n, top]).form;
    if ([...off.values()].some((value) => value % WORD !== 0n)) throw new Error("another register than the next word");
    const found = rest.find(([one, by]) => /^u\d+$/.test(one) && (by === above || by === -above));
    if (found === undefined) {
      if (rest.some(([name]) => name !== "")) throw new Error("no unknown to replace");
      const known = constant(-(rest[0]?.[1] ?? 0n) / above);
      this.set(register, sum([WORD - 1n, known]));
      return known;
    }
    const [name, value] = found;
    const bit = this.unknowns.bit();
    const sign = value / above;
    // -bit = top, which has the unknown: so the unknown is the rest.
    const others = new Map(top.form);
    others.delete(name);
    this.replace(name, sum([-sign, bit], [-sign, { form: others, min: 0n, max: 0n }]));
    this.set(register, sum([WORD - 1n, bit]));
    return bit;
  }

  /** A number whose words were taken from the run before, with what has been shown since. */
  now(number: Linear): Linear {
    let { form } = number;
    for (const [name, by] of this.shown) {
      const value = form.get(name);
      if (value === undefined) continue;
      const rest = new Map(form);
      rest.delete(name);
      form = sum([1n, { form: rest, min: 0n, max: 0n }], [value, by]).form;
    }
    return { ...number, form };
  }

  /** An unknown is known: put its value wherever it is. */
  private replace(name: string, by: Linear): void {
    this.shown.push([name, by]);
    this.registers.forEach((word, i) => this.set(i, this.now(word)));
    for (const [at, word] of this.memory) this.memory.set(at, this.now(word));
    this.carry = this.now(this.carry);
  }

  /** A register, for `exclude`. */
  register(index: number): Linear {
    return this.get(index);
  }

  /** Add two words to the chain; the bounds of what is above it. */
  private chained(a: Linear, b: Linear, goesOn: boolean): Bounds | undefined {
    if (this.place === undefined) return undefined;
    const place = this.place + 1n;
    this.chain.push([place, a], [place, b]);
    this.place = goesOn ? place : undefined;
    return divided(boundsOf(this.chain), 32n * (place + 1n));
  }

  /** A product of 64 bits, and what is added to it. */
  private long(operation: string, low: number, high: number, exact: Linear): void {
    const more: [bigint, Linear][] =
      operation === "umull"
        ? []
        : [
            [1n, this.get(low)],
            [operation === "umaal" ? 1n : WORD, this.get(high)],
          ];
    const whole = sum([1n, exact], ...more);
    const [below, above] = this.unknowns.split(whole, 32n);
    const top = this.unknowns.split(above, 32n)[0];
    const fits = whole.min >= 0n && whole.max < WORD * WORD;
    this.set(low, fits ? { ...below, half: { isHigh: false, whole } } : below);
    this.set(high, fits ? { ...top, half: { isHigh: true, whole } } : top);
  }
}
