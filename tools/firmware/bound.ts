/**
 * Calls that pass the same constants share a function that passes them. A constant takes an instruction at each call, on a Cortex-M one of
 * four bytes for the address of an object.
 */
import { type Constants, withConstants } from "./slots.ts";

/** A function of the module. */
export interface CFunction {
  readonly name: string;
  readonly result: string;
  /** Such as `u32 var_p0, u32 var_p1`; empty if there is none. */
  readonly parameters: string;
  readonly text: string;
}

/** A constant for each bound parameter. */
type Binding = readonly (readonly [parameter: number, constant: number])[];

/** A call, as the constants that it passes. */
type Passed = readonly (number | undefined)[];

interface Bound {
  readonly target: string;
  readonly result: string;
  readonly count: number;
  readonly binding: Binding;
}

/** A call is a statement of its own. */
const CALL = /\b(w2c_\w+|memory_copy|memory_fill)\(([^()]+)\)/;

/** Parameters that travel in registers. */
const MOST_PARAMETERS = 4;

/** Bytes that a shared function must save. */
const LEAST_GAIN = 8;

/** Estimated bytes of an instruction on a Cortex-M4: one that loads a constant, one that moves a register, a jump. */
const constantBytes = (constant: number): number => (constant < 256 ? 2 : 4);
const MOVE_BYTES = 2;
const JUMP_BYTES = 4;

/** The functions of boards/common/words.h that move bytes. */
const WORDS: readonly (readonly [string, Omit<Bound, "target" | "binding">])[] = [
  ["memory_copy", { result: "void", count: 3 }],
  ["memory_fill", { result: "void", count: 3 }],
];

function passed(text: string, constants: Constants): Passed {
  return text.split(", ").map((slot) => constants.get(slot));
}

function fits(call: Passed, binding: Binding): boolean {
  return binding.every(([parameter, constant]) => call[parameter] === constant);
}

/** The constants that two calls share. */
function common(one: Passed, other: Passed): Binding {
  return one.flatMap((constant, i) =>
    constant !== undefined && constant === other[i] ? [[i, constant] as const] : [],
  );
}

/** Estimate the bytes that a binding saves. */
function gain(calls: readonly Passed[], binding: Binding): number {
  const saved = binding.reduce((sum, [, constant]) => sum + constantBytes(constant), 0);
  const first = binding[0]?.[0] ?? 0;
  const moved = (calls[0]?.length ?? 0) - binding.length - first;
  const users = calls.filter((call) => fits(call, binding)).length;
  return users * saved - (saved + MOVE_BYTES * moved + JUMP_BYTES);
}

/** Choose bindings of one function, the best first, until none saves enough. */
function bindings(calls: readonly Passed[]): Binding[] {
  const pairs = calls.flatMap((one, i) => calls.slice(i + 1).map((other) => common(one, other)));
  const candidates = [...new Map(pairs.map((binding) => [JSON.stringify(binding), binding])).values()];
  const ranked = candidates.map((binding) => ({ binding, bytes: gain(calls, binding) }));
  const best = ranked.reduce((most, one) => (one.bytes > most.bytes ? one : most), {
    binding: [] as Binding,
    bytes: 0,
  });
  if (best.bytes < LEAST_GAIN) return [];
  return [best.binding, ...bindings(calls.filter((call) => !fits(call, best.binding)))];
}

/** The calls of each function from functions that are to be small. */
function callsOf(functions: readonly CFunction[]): Map<string, Passed[]> {
  const calls = new Map<string, Passed[]>();
  for (const { text } of functions)
    withConstants(text, (line, constants) => {
      const [, target, slots] = CALL.exec(line) ?? [];
      if (target !== undefined) calls.set(target, [...(calls.get(target) ?? []), passed(slots!, constants)]);
      return line;
    });
  return calls;
}

/** The word that stands in the place of a call, and the function behind it. The word fails the build if the compiler finds another constant. */
function thunk({ target, result, count, binding }: Bound, name: string): string {
  const constants = new Map(binding);
  const all = Array.from({ length: count }, (_, i) => i);
  const free = all.filter((i) => !constants.has(i));
  const list = (of: readonly number[]): string => of.map((i) => `u32 p${i}`).join(", ") || "void";
  const back = result === "void" ? "" : "return ";
  const proofs = binding.map(([i, constant]) => `  CONSTANT(p${i}, ${constant}u);\n`).join("");
  return [
    `COLD FAR ${result} thunk_${name}(${list(free)}) {`,
    `  ${back}${target}(${all.map((i) => (constants.has(i) ? `${constants.get(i)}u` : `p${i}`)).join(", ")});\n}`,
    `WORD ${result} bound_${name}(${list(all)}) {\n${proofs}  ${back}thunk_${name}(${free.map((i) => `p${i}`).join(", ")});\n}\n`,
  ].join("\n");
}

/** Let the functions that `isSmall` names share constants: the shared functions, the names of those behind them, and the texts of all. */
export function bind(
  functions: readonly CFunction[],
  isSmall: (one: CFunction) => boolean,
): { readonly thunks: string[]; readonly targets: ReadonlySet<string>; readonly texts: string[] } {
  const shapes = new Map(WORDS);
  for (const { name, result, parameters } of functions)
    if (/^u32 \w+(?:, u32 \w+)*$/.test(parameters)) shapes.set(name, { result, count: parameters.split(", ").length });
  const chosen = new Map<string, { readonly name: string; readonly bound: Bound }[]>();
  for (const [target, calls] of callsOf(functions.filter(isSmall))) {
    const shape = shapes.get(target);
    if (shape === undefined || shape.count > MOST_PARAMETERS) continue;
    const found = bindings(calls).map((binding, i) => ({
      name: `${target.replace("w2c_assembly_", "")}_${i}`,
      bound: { target, binding, ...shape },
    }));
    if (found.length > 0) chosen.set(target, found);
  }
  const rewrite = (line: string, constants: Constants): string =>
    line.replace(CALL, (call, target: string, slots: string) => {
      const use = chosen.get(target)?.find(({ bound }) => fits(passed(slots, constants), bound.binding));
      return use === undefined ? call : `bound_${use.name}(${slots})`;
    });
  return {
    thunks: [...chosen.values()].flat().map(({ name, bound }) => thunk(bound, name)),
    targets: new Set(chosen.keys()),
    texts: functions.map((one) => (isSmall(one) ? withConstants(one.text, rewrite) : one.text)),
  };
}
