/** The state of registers, flags and stack at a point of the code: the values that `flow.ts` joins and follows. */
import { SP } from "./effects.ts";

/** A value: if it depends on loaded data, and its number or its distance from the stack pointer at entry if that is known. */
export interface Value {
  readonly isLoaded: boolean;
  /** The address of one instruction that loaded it. */
  readonly origin?: number;
  readonly number?: number;
  readonly stack?: number;
}

export const PUBLIC: Value = { isLoaded: false };

/** A value that the instruction at an address loads. */
export function loadedAt(origin: number): Value {
  return { isLoaded: true, origin };
}

/** The value of a register under a condition, until the flags change. */
interface Half {
  readonly condition: string;
  readonly value: Value;
}

export const OPPOSITES: Readonly<Record<string, string>> = Object.fromEntries(
  ["eq ne", "cs cc", "hs lo", "mi pl", "vs vc", "hi ls", "ge lt", "gt le"].flatMap((pair) => {
    const [one, other] = pair.split(" ") as [string, string];
    return [
      [one, other],
      [other, one],
    ];
  }),
);

/** Places of the flags after the registers: N and Z, C and V. */
export const [SIGN, CARRY] = [16, 17] as const;

/** Return the flags that a condition reads. */
export function flagsOf(condition: string): readonly number[] {
  if (/^(?:eq|ne|mi|pl)$/.test(condition)) return [SIGN];
  return /^(?:cs|cc|hs|lo|vs|vc)$/.test(condition) ? [CARRY] : [SIGN, CARRY];
}

export interface State {
  /** Registers and flags. */
  readonly registers: Value[];
  /** Registers that were written under a condition: if the opposite one writes them too, nothing of the old value is left. */
  readonly halves: Map<number, Half>;
  readonly slots: Map<number, Value>;
}

/** Join the origins of values: the result is loaded if one of them is. */
export function taint(...values: readonly (Value | undefined)[]): Value {
  const source = values.find((value) => value?.isLoaded);
  return source === undefined
    ? PUBLIC
    : { isLoaded: true, ...(source.origin !== undefined && { origin: source.origin }) };
}

export function join(a: Value, b: Value): Value {
  if (a === b) return a;
  return {
    ...taint(a, b),
    ...(a.number !== undefined && a.number === b.number && { number: a.number }),
    ...(a.stack !== undefined && a.stack === b.stack && { stack: a.stack }),
  };
}

function isSame(a: Value, b: Value): boolean {
  return a === b || (a.isLoaded === b.isLoaded && a.number === b.number && a.stack === b.stack);
}

export function copyOf({ registers, halves, slots }: State): State {
  return { registers: [...registers], halves: new Map(halves), slots: new Map(slots) };
}

/** Join `from` into `into`; true if that changed it. */
export function merge(into: State, from: State): boolean {
  let isChanged = false;
  into.halves.clear();
  from.registers.forEach((value, i) => {
    const joined = join(into.registers[i]!, value);
    if (isSame(joined, into.registers[i]!)) return;
    into.registers[i] = joined;
    isChanged = true;
  });
  for (const [at, value] of from.slots) {
    const known = into.slots.get(at);
    const joined = known === undefined ? value : join(known, value);
    if (known !== undefined && isSame(joined, known)) continue;
    into.slots.set(at, joined);
    isChanged = true;
  }
  return isChanged;
}

export function atEntry(): State {
  const registers = Array.from({ length: CARRY + 1 }, () => PUBLIC);
  registers[SP] = { isLoaded: false, stack: 0 };
  return { registers, halves: new Map(), slots: new Map() };
}
