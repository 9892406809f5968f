/** The instructions of a linked image, as objdump lists them: one disassembly that several checks share. */
import { run } from "./run.ts";

export interface Instruction {
  readonly address: number;
  /** Without the width `.n` or `.w`. */
  readonly mnemonic: string;
  /** Without objdump's comment. */
  readonly operands: string;
}

/** A symbol of code, and the instructions up to the next one. */
export interface Routine {
  readonly name: string;
  readonly address: number;
  readonly instructions: readonly Instruction[];
}

export interface Listing {
  readonly routines: readonly Routine[];
  /** The words between the instructions: literals, by address. */
  readonly literals: ReadonlyMap<number, number>;
  /** The addresses of instructions and literals, ascending. */
  readonly addresses: readonly number[];
  /** The lines of source of an address, the innermost first: the line itself, and those that it is inlined into. */
  readonly framesAt: (address: number) => readonly Frame[];
}

/** A line of source, and the function that it is in. */
export interface Frame {
  readonly name: string;
  /** Relative to the tree if it is AssemblyScript. */
  readonly file: string;
  readonly line: number;
}

/** Parse the output of `objdump -d --no-show-raw-insn`. */
function parse(text: string): Omit<Listing, "framesAt"> {
  const routines: { name: string; address: number; instructions: Instruction[] }[] = [];
  const literals = new Map<number, number>();
  const addresses: number[] = [];
  for (const line of text.split("\n")) {
    const [, start, name] = /^([0-9a-f]+) <(.*)>:$/.exec(line) ?? [];
    // A constant of the linker's that equals an address inside a routine begins none.
    if (start !== undefined && !/^[A-Z_]+$/.test(name!))
      routines.push({ name: name!, address: Number.parseInt(start, 16), instructions: [] });
    const [, at, full, rest = ""] = /^ *([0-9a-f]+):\t(\S+)(?:\t([^;@]*))?/.exec(line) ?? [];
    if (at === undefined) continue;
    const address = Number.parseInt(at, 16);
    addresses.push(address);
    if (full === ".word") literals.set(address, Number(rest) >>> 0);
    else if (!full!.startsWith("."))
      routines.at(-1)?.instructions.push({ address, mnemonic: full!.replace(/\.[nw]$/, ""), operands: rest.trim() });
  }
  return { routines, literals, addresses };
}

/** Disassemble a linked image or an object. */
export async function disassemble(elf: string): Promise<Listing> {
  const listing = parse(await run("arm-none-eabi-objdump", ["-d", "--no-show-raw-insn", elf]));
  const asked = listing.addresses.map((at) => `0x${at.toString(16)}`);
  const answer = await run("arm-none-eabi-addr2line", ["-i", "-f", "-a", "-e", elf, ...asked]);
  const texts = answer.split(/^0x[0-9a-f]+\n/m).slice(1);
  const frames = new Map(listing.addresses.map((at, i) => [at, framesIn(texts[i] ?? "")]));
  return { ...listing, framesAt: (address) => frames.get(address) ?? [] };
}

/** The frames of one answer of addr2line. */
function framesIn(text: string): Frame[] {
  return [...text.matchAll(/^(.*)\n(.*):(\d+|\?)/gm)].map(([, name, path, line]) => ({
    name: name!,
    file: /(?:^|\/)((?:assembly|tests|~lib)\/\S+\.ts)$/.exec(path!)?.[1] ?? path!,
    line: Number(line) || 0,
  }));
}
