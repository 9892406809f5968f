/**
 * Words as exact linear forms: a number that is a sum of unknowns with integer coefficients, and the interval that it lies in.
 *
 * An unknown is a word of an input, a product of two such words, or a carry. A carry that a core cuts off becomes an unknown of its own, unless the interval
 * shows that it is zero or a division gives its value. So a form equals its word for all inputs, and a form that is zero stands for a word that is zero for
 * all inputs.
 */

/** The coefficients by unknown; "" is the constant. */
export type Form = ReadonlyMap<string, bigint>;

export interface Bounds {
  readonly min: bigint;
  readonly max: bigint;
}

export interface Linear extends Bounds {
  readonly form: Form;
  /** One half of a number of two words, whose bounds are closer than those of its halves together. */
  readonly half?: { readonly isHigh: boolean; readonly whole: Linear };
}

export const WORD = 1n << 32n;

export function constant(value: bigint): Linear {
  return { form: new Map(value === 0n ? [] : [["", value]]), min: value, max: value };
}

/** An unknown between two bounds. */
export function unknown(name: string, min: bigint, max: bigint): Linear {
  return min === max ? constant(min) : { form: new Map([[name, 1n]]), min, max };
}

/** The sum of numbers, each times an integer. */
export function sum(...terms: readonly (readonly [factor: bigint, number: Linear])[]): Linear {
  const form = new Map<string, bigint>();
  let [min, max] = [0n, 0n];
  for (const [factor, number] of terms) {
    for (const [name, value] of number.form) {
      const next = (form.get(name) ?? 0n) + factor * value;
      if (next === 0n) form.delete(name);
      else form.set(name, next);
    }
    min += factor * (factor < 0n ? number.max : number.min);
    max += factor * (factor < 0n ? number.min : number.max);
  }
  return { form, min, max };
}

/** Words as one number, the least significant first. */
export function joined(words: readonly Linear[]): Linear {
  return sum(...words.map((word, i): [bigint, Linear] => [WORD ** BigInt(i), word]));
}

/** A number that is a multiple of another for all inputs, divided by that. */
export function quotient({ form, min, max }: Linear, by: bigint): Linear {
  const divided = [...form].map(([name, value]): [string, bigint] => {
    if (value % by !== 0n) throw new Error(`${name} is left in what should be a multiple`);
    return [name, value / by];
  });
  return { form: new Map(divided), min: min / by, max: max / by };
}

/** The value, if the number is constant. */
export function valueOf({ min, max }: Linear): bigint | undefined {
  return min === max ? min : undefined;
}

/** The coefficients modulo a number, those that are not zero: none if the number is a multiple of it for all inputs. */
export function residues({ form }: Linear, modulus: bigint): Map<string, bigint> {
  const found = [...form].map(([name, value]): [string, bigint] => [name, ((value % modulus) + modulus) % modulus]);
  return new Map(found.filter(([, value]) => value !== 0n));
}

function floor(value: bigint, by: bigint): bigint {
  return value >= 0n ? value / by : -((by - 1n - value) / by);
}

/** Divide bounds by 2^bits, towards minus infinity. */
export function divided({ min, max }: Bounds, bits: bigint): Bounds {
  return { min: floor(min, 1n << bits), max: floor(max, 1n << bits) };
}

function met(a: Bounds, b: Bounds = a): Bounds {
  return { min: a.min > b.min ? a.min : b.min, max: a.max < b.max ? a.max : b.max };
}

/** The bounds of a sum of words at places, in which two halves of one number count as that number. */
export function boundsOf(terms: readonly (readonly [place: bigint, word: Linear])[]): Bounds {
  const parts: [place: bigint, bounds: Bounds][] = [];
  const rest = [...terms];
  while (rest.length > 0) {
    const [place, word] = rest.shift()!;
    const { half } = word;
    const wanted = half?.isHigh ? place - 1n : place + 1n;
    const other = rest.findIndex(
      ([at, one]) =>
        half !== undefined && at === wanted && one.half?.whole === half.whole && one.half.isHigh !== half.isHigh,
    );
    if (other < 0 || half === undefined) {
      parts.push([place, word]);
      continue;
    }
    rest.splice(other, 1);
    parts.push([half.isHigh ? wanted : place, half.whole]);
  }
  const total = (pick: (bounds: Bounds) => bigint): bigint =>
    parts.reduce((all, [place, bounds]) => all + pick(bounds) * WORD ** place, 0n);
  return { min: total(({ min }) => min), max: total(({ max }) => max) };
}

/** Unknowns of a form up to which all their values are tried. */
const TRIED = 4;

/** The unknowns of one run. */
export class Unknowns {
  private readonly bounds = new Map<string, Bounds>();
  private readonly shifts = new Map<Linear, Map<bigint, Linear>>();

  private fresh({ min, max }: Bounds): Linear {
    const name = `u${this.bounds.size}`;
    this.bounds.set(name, { min, max });
    return unknown(name, min, max);
  }

  /** A bit that is not known. */
  bit(): Linear {
    return this.fresh({ min: 0n, max: 1n });
  }

  /** True if an unknown is never negative. */
  isCount(name: string): boolean {
    return (this.bounds.get(name)?.min ?? -1n) >= 0n;
  }

  /** Split a number at 2^bits: the part below, and the part above, which may be known to lie within other bounds as well. */
  split(number: Linear, bits: bigint, known?: Bounds): [low: Linear, high: Linear] {
    const by = 1n << bits;
    const above = met(divided(number, bits), known);
    const coefficients = [...number.form.values()];
    const tried = this.tried(number, bits);
    if (tried !== undefined) return tried;
    if (above.min !== above.max && coefficients.every((value) => value % by === 0n)) {
      const form = new Map([...number.form].map(([name, value]) => [name, value / by]));
      return [constant(0n), { form, ...above }];
    }
    const high = this.fresh(above);
    const low = sum([1n, number], [-by, high]);
    return [{ form: low.form, ...met(low, { min: 0n, max: by - 1n }) }, high];
  }

  /** Split a number of a few unknowns with two values each, if the parts are linear in them. */
  private tried(number: Linear, bits: bigint): [low: Linear, high: Linear] | undefined {
    const names = [...number.form.keys()].filter((name) => name !== "");
    const bounds = names.map((name) => this.bounds.get(name));
    if (
      names.length === 0 ||
      names.length > TRIED ||
      bounds.some((one) => one === undefined || one.max - one.min !== 1n)
    )
      return undefined;
    const by = 1n << bits;
    const at = (choice: number): bigint =>
      names.reduce(
        (all, name, i) => all + number.form.get(name)! * (bounds[i]!.min + BigInt((choice >> i) & 1)),
        number.form.get("") ?? 0n,
      );
    const highs = Array.from({ length: 1 << names.length }, (_, choice) => floor(at(choice), by));
    const slopes = names.map((_, i) => highs[1 << i]! - highs[0]!);
    const isLinear = highs.every(
      (high, choice) => high === slopes.reduce((all, slope, i) => all + slope * BigInt((choice >> i) & 1), highs[0]!),
    );
    if (!isLinear) return undefined;
    const extremes = (values: readonly bigint[]): Bounds => ({
      min: values.reduce((a, b) => (a < b ? a : b)),
      max: values.reduce((a, b) => (a > b ? a : b)),
    });
    const base = sum(
      [1n, constant(highs[0]!)],
      ...names.map((name, i): [bigint, Linear] => [
        slopes[i]!,
        sum([1n, unknown(name, 0n, 1n)], [-bounds[i]!.min, constant(1n)]),
      ]),
    );
    const high = { form: base.form, ...extremes(highs) };
    const lows = highs.map((one, choice) => at(choice) - by * one);
    return [{ form: sum([1n, number], [-by, high]).form, ...extremes(lows) }, high];
  }

  /** Shift a word to the right; the same word gives the same form again. */
  shifted(word: Linear, bits: bigint): Linear {
    const known = this.shifts.get(word) ?? new Map<bigint, Linear>();
    const result = known.get(bits) ?? this.shift(word, bits);
    this.shifts.set(word, known.set(bits, result));
    return result;
  }

  private shift(word: Linear, bits: bigint): Linear {
    const by = 1n << bits;
    if ([...word.form.values()].every((value) => value % by === 0n))
      return { form: new Map([...word.form].map(([name, value]) => [name, value / by])), ...divided(word, bits) };
    return this.split(word, bits)[1];
  }
}

/** The product of two words: an unknown of its own if both are words of inputs, else one of them must be constant. */
export function product(a: Linear, b: Linear): Linear {
  const [x, y] = [valueOf(a), valueOf(b)];
  if (x !== undefined) return sum([x, b]);
  if (y !== undefined) return sum([y, a]);
  const names = [a, b].map(({ form }) => {
    const [only, ...others] = form;
    if (only === undefined || others.length > 0 || only[1] !== 1n || !/^[a-t]\d+$/.test(only[0]))
      throw new Error("a product of words that are no words of inputs");
    return only[0];
  });
  return unknown(names.toSorted().join("*"), a.min * b.min, a.max * b.max);
}
