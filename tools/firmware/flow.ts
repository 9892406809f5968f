/**
 * Data flow of the linked code: which branches, addresses and operands of variable time depend on what was loaded from memory.
 *
 * A function gets pointers and lengths in registers, and secrets only through pointers. So a value is _loaded_ if it comes from memory, or was
 * computed from such a value; literals, globals of the runtime and the function's own stack keep what was put into them. The analysis follows
 * each path of each function, and the calls between them, until nothing changes. It does not look at the values of the run, so it sees the branch that
 * one key in 2^32 takes. It does not see a value that only decides which path is taken: that decision is a finding of its own.
 */
import { type Access, type Effect, effectOf, PC, SP } from "./effects.ts";
import type { Instruction, Listing, Routine } from "./listing.ts";
import {
  atEntry,
  CARRY,
  copyOf,
  flagsOf,
  join,
  loadedAt,
  merge,
  OPPOSITES,
  PUBLIC,
  SIGN,
  type State,
  taint,
  type Value,
} from "./state.ts";

/** One function: the join of the states in which it is entered, and of those in which it returns. */
interface Summary {
  readonly entry: State;
  exit: State | undefined;
  readonly callers: Set<number>;
  /** Registers that it may change, by itself or by a call. */
  readonly changes: Set<number>;
}

/** An instruction, and the address of the next one. */
interface Step {
  readonly instruction: Instruction;
  readonly effect: Effect;
  readonly next: number;
}

const NOWHERE = -1;

function isTable({ operation }: Effect): boolean {
  return operation === "tbb" || operation === "tbh";
}

export type Fault = "branch" | "address" | "time";

export interface Finding {
  readonly fault: Fault;
  readonly routine: string;
  readonly instruction: Instruction;
  /** The address of one instruction that loaded what it depends on. */
  readonly origin: number | undefined;
}

export interface Scope {
  /** Names of the functions to begin with; those that they call are followed. */
  readonly isRoot: (name: string) => boolean;
  /** Names of the functions that are not entered: their result counts as loaded. */
  readonly isOpaque: (name: string) => boolean;
  /** Names of the functions that do not return, and are not entered. */
  readonly isEnd: (name: string) => boolean;
  /** True for the address of a load or call whose result is public. */
  readonly isPublicAt: (address: number) => boolean;
  /** Addresses whose contents are data: linear memory. */
  readonly memory: { readonly begin: number; readonly end: number };
  /** True if the time of the operation depends on its operands. */
  readonly isSlow: (operation: string) => boolean;
}

/** Registers in which a call passes values, and may return or lose them. */
const PASSED = [0, 1, 2, 3, 12];
/** Bytes of a caller's stack that may hold further arguments. */
const ARGUMENT_BYTES = 32;
/** Bytes that a callee may write through a pointer into the caller's stack. */
const OBJECT_BYTES = 16;

/** The analysis of one image. */
export class Flow {
  private readonly routines = new Map<number, Routine>();
  private readonly routineAt = new Map<number, Routine>();
  private readonly code = new Map<number, Step>();
  /** Targets of branches. */
  private readonly met = new Set<number>();
  private readonly summaries = new Map<number, Summary>();
  private readonly findings = new Map<string, Finding>();
  private readonly waiting = new Set<number>();

  constructor(
    private readonly listing: Listing,
    private readonly scope: Scope,
  ) {
    for (const routine of listing.routines) {
      this.routines.set(routine.address, routine);
      for (const { address } of routine.instructions) this.routineAt.set(address, routine);
    }
  }

  /** The findings, in the order of their addresses. */
  run(): Finding[] {
    for (const { name, address } of this.listing.routines)
      if (this.scope.isRoot(name) && !this.scope.isOpaque(name)) this.enter(address);
    for (const address of this.waiting) {
      this.waiting.delete(address);
      this.analyse(address);
    }
    return [...this.findings.values()].toSorted((a, b) => a.instruction.address - b.instruction.address);
  }

  private enter(address: number): Summary {
    const known = this.summaries.get(address);
    if (known) return known;
    const made: Summary = { entry: atEntry(), exit: undefined, callers: new Set(), changes: new Set() };
    this.summaries.set(address, made);
    this.waiting.add(address);
    return made;
  }

  /** The instruction at an address; its routine is decoded when a path first reaches it. */
  private at(address: number): Step | undefined {
    const routine = this.routineAt.get(address);
    if (routine !== undefined && !this.code.has(address))
      routine.instructions.forEach((instruction, i, { length }) => {
        const effect = effectOf(instruction);
        const next = i + 1 < length ? routine.instructions[i + 1]!.address : NOWHERE;
        this.code.set(instruction.address, { instruction, effect, next });
        const targets = isTable(effect) ? this.table(instruction) : [effect.target ?? NOWHERE];
        for (const target of targets) this.met.add(target);
      });
    return this.code.get(address);
  }

  /** Follow every path of a function; where paths can meet, their states are joined. */
  private analyse(entry: number): void {
    const name = this.routines.get(entry)!.name;
    const states = new Map<number, State>();
    const paths: [number, State][] = [[entry, copyOf(this.enter(entry).entry)]];
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      let [address, state] = path;
      for (;;) {
        const step = this.at(address);
        if (step === undefined) break;
        if (this.met.has(address)) {
          const known = states.get(address);
          if (known === undefined) states.set(address, copyOf(state));
          else if (!merge(known, state)) break;
          else state = copyOf(known);
        }
        const [next, ...others] = this.step(name, entry, step, state);
        for (const other of others) paths.push([other, copyOf(state)]);
        if (next === undefined) break;
        address = next;
      }
    }
  }

  private report(fault: Fault, routine: string, instruction: Instruction, { isLoaded, origin }: Value): void {
    if (!isLoaded) return;
    const key = `${instruction.address} ${fault}`;
    if (!this.findings.has(key)) this.findings.set(key, { fault, routine, instruction, origin });
  }

  /** Execute one instruction on `state`, and return the addresses that may follow. */
  private step(name: string, entry: number, { instruction, effect, next }: Step, state: State): number[] {
    const { operation, condition } = effect;
    const { registers } = state;
    this.change(entry, effect.writes);
    const operands = taint(...effect.reads.map((register) => registers[register]));
    const isSlow = this.scope.isSlow(operation);
    if (condition !== undefined && (effect.shape === "other" || effect.access || isSlow))
      this.report("branch", name, instruction, operation.startsWith("cb") ? operands : this.deciding(condition, state));
    if (isSlow) this.report("time", name, instruction, operands);
    if (isTable(effect)) this.report("branch", name, instruction, operands);
    if (effect.access) return this.access(name, entry, instruction, effect, effect.access, state, next);
    if (effect.target !== undefined) return this.jump(entry, instruction, effect, state, next);
    if (isTable(effect)) return this.table(instruction);
    if (operation === "bx" || effect.writes.includes(PC)) return this.leave(entry, state);
    this.compute(effect, state, operands);
    return [next];
  }

  /** Note that a function changes registers; one that it does not change keeps its value in the caller. */
  private change(entry: number, registers: Iterable<number>): void {
    const { changes, callers } = this.summaries.get(entry)!;
    const before = changes.size;
    for (const register of registers) changes.add(register);
    if (changes.size > before) for (const caller of callers) this.waiting.add(caller);
  }

  private compute(effect: Effect, state: State, operands: Value): void {
    const { registers } = state;
    const decided = effect.condition === undefined ? PUBLIC : this.deciding(effect.condition, state);
    const all = taint(operands, decided, effect.readsCarry ? registers[CARRY] : undefined);
    const [first, second] = effect.reads.map((register) => registers[register]!);
    const number =
      effect.constant ?? (effect.operation === "mov" && effect.condition === undefined ? first?.number : undefined);
    const stack = this.distance(effect, first, second);
    const value: Value = { ...all, ...(number !== undefined && { number }), ...(stack !== undefined && { stack }) };
    for (const register of effect.writes) registers[register] = this.written(effect, state, register, value);
    if (!effect.setsFlags) return;
    for (const flag of effect.setsCarry ? [SIGN, CARRY] : [SIGN])
      registers[flag] = effect.condition === undefined ? taint(all) : taint(all, registers[flag]);
    state.halves.clear();
  }

  /** Return the flags that decide a condition. */
  private deciding(condition: string, { registers }: State): Value {
    return taint(...flagsOf(condition).map((flag) => registers[flag]));
  }

  /** Return the value of a register after an instruction that may be conditional. */
  private written({ condition }: Effect, { registers, halves }: State, register: number, value: Value): Value {
    const half = halves.get(register);
    halves.delete(register);
    if (condition === undefined) return value;
    if (half !== undefined && OPPOSITES[condition] === half.condition) return taint(half.value, value);
    halves.set(register, { condition, value });
    return taint(value, registers[register]);
  }

  /** The distance from the stack pointer of a sum with a constant. */
  private distance(effect: Effect, first: Value | undefined, second: Value | undefined): number | undefined {
    if (first?.stack === undefined || effect.condition !== undefined) return undefined;
    if (effect.operation === "mov") return first.stack;
    const by = effect.immediate ?? second?.number;
    if (by === undefined || !/^(?:add|sub)w?$/.test(effect.operation)) return undefined;
    return first.stack + (effect.operation.startsWith("sub") ? -by : by | 0);
  }

  private access(
    name: string,
    entry: number,
    instruction: Instruction,
    effect: Effect,
    access: Access,
    state: State,
    next: number,
  ): number[] {
    const { registers, slots } = state;
    const base = registers[access.base]!;
    const index = access.index === undefined ? undefined : registers[access.index]!;
    this.report("address", name, instruction, taint(base, index));
    const begin = base.stack !== undefined && index === undefined ? base.stack + access.offset : undefined;
    const values = access.registers.map((register, i): Value => {
      if (!access.isLoad) return registers[register]!;
      if (begin !== undefined) return slots.get((begin + 4 * i) & ~3) ?? PUBLIC;
      return this.fetch(instruction, access, base, index, 4 * i);
    });
    access.registers.forEach((register, i) => {
      const value = values[i]!;
      if (access.isLoad)
        registers[register] = effect.condition !== undefined ? join(registers[register]!, value) : value;
      else if (begin !== undefined) {
        const at = (begin + 4 * i) & ~3;
        const isWhole = access.bytes === 4 && effect.condition === undefined;
        slots.set(at, isWhole ? value : join(slots.get(at) ?? PUBLIC, value));
      }
    });
    if (access.moves !== 0 && !(access.isLoad && access.registers.includes(access.base)))
      registers[access.base] =
        base.stack === undefined ? taint(base) : { isLoaded: false, stack: base.stack + access.moves };
    return access.isLoad && access.registers.includes(PC) ? this.leave(entry, state) : [next];
  }

  /** Return the value that a load gives, unless it is from the stack. */
  private fetch({ address }: Instruction, access: Access, base: Value, index: Value | undefined, more: number): Value {
    const from = access.base === PC ? (address + 4) & ~3 : base.number;
    if (from === undefined || index !== undefined) return this.scope.isPublicAt(address) ? PUBLIC : loadedAt(address);
    const at = (from + access.offset + more) >>> 0;
    const literal = this.listing.literals.get(at);
    if (literal !== undefined && access.bytes === 4) return { isLoaded: false, number: literal };
    if (this.scope.isPublicAt(address)) return PUBLIC;
    return at >= this.scope.memory.begin && at < this.scope.memory.end ? loadedAt(address) : PUBLIC;
  }

  private jump(entry: number, { address }: Instruction, effect: Effect, state: State, next: number): number[] {
    const target = effect.target!;
    const callee = this.routines.get(target);
    const isCall = effect.operation === "bl" || effect.operation === "blx";
    const isFunction = callee !== undefined && target !== entry && !callee.name.endsWith(".cold");
    const after = effect.condition !== undefined ? [next] : [];
    if (!isCall && !isFunction) return [target, ...after];
    if (callee === undefined) return [next];
    if (isCall) {
      if (!this.call(entry, callee, address, state)) return [];
      if (this.scope.isPublicAt(address)) [state.registers[0], state.registers[1]] = [PUBLIC, PUBLIC];
      return [next];
    }
    const gone = copyOf(state);
    if (this.call(entry, callee, address, gone)) this.leave(entry, gone);
    return after;
  }

  /** Call a function: join the state into its entry, and take its results; false if it has not returned yet. */
  private call(entry: number, callee: Routine, from: number, state: State): boolean {
    const { registers, slots } = state;
    if (this.scope.isEnd(callee.name)) return false;
    if (this.scope.isOpaque(callee.name)) {
      registers[0] = loadedAt(from);
      return true;
    }
    const summary = this.enter(callee.address);
    summary.callers.add(entry);
    const passed = atEntry();
    const top = registers[SP]!.stack;
    for (const register of PASSED) {
      const value = registers[register]!;
      const number = value.number === undefined ? {} : { number: value.number };
      passed.registers[register] = { ...taint(value), ...number };
      if (value.stack !== undefined)
        for (let at = value.stack & ~3; at < value.stack + OBJECT_BYTES && at < 0; at += 4)
          slots.set(at, loadedAt(from));
    }
    for (let at = 0; at < ARGUMENT_BYTES; at += 4) {
      const value = top === undefined ? undefined : slots.get(top + at);
      if (value !== undefined) passed.slots.set(at, taint(value));
    }
    if (merge(summary.entry, passed)) this.waiting.add(callee.address);
    this.change(entry, summary.changes);
    if (summary.exit === undefined) return false;
    for (const register of PASSED) {
      if (!summary.changes.has(register)) continue;
      const { number, ...given } = summary.exit.registers[register]!;
      registers[register] = { ...taint(given), ...(number !== undefined && { number }) };
    }
    for (const flag of [SIGN, CARRY]) registers[flag] = summary.exit.registers[flag]!;
    return true;
  }

  /** Return from a function; its callers continue with what it gives. */
  private leave(entry: number, state: State): number[] {
    const summary = this.summaries.get(entry)!;
    const left: State = { ...state, halves: new Map(), slots: new Map() };
    const isChanged = summary.exit === undefined || merge(summary.exit, left);
    summary.exit ??= copyOf(left);
    if (isChanged) for (const caller of summary.callers) this.waiting.add(caller);
    return [];
  }

  /** The targets of a table of branches: any instruction of its routine that follows it. */
  private table({ address }: Instruction): number[] {
    return this.routineAt.get(address)!.instructions.flatMap((one) => (one.address > address ? [one.address] : []));
  }
}
