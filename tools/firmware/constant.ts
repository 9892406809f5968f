/**
 * The static rule over a linked image: no branch, no address and no time of an instruction depends on a secret. It looks at the compiler's output, so
 * another compiler cannot undo what the sources keep.
 *
 * In the functions of `assembly/crypto` and of `cpu_*.S`: no division, by instruction or by call, and no multiplication or division under a condition. In those of
 * `cpu_*.S` besides: no conditional instruction, and no conditional branch but on public counters. In the compiled functions of `assembly/crypto` and
 * of `assembly/lib/words.ts`, and in those that they call: no conditional branch and no address that depends on loaded data (`flow.ts`), but for the
 * values of `public.ts`. Functions whose `CT:` line says that everything leaks are exempt.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Trouble } from "../trouble.ts";
import { filesBelow } from "./cache.ts";
import { type Fault, Flow } from "./flow.ts";
import type { Frame, Instruction, Listing, Routine } from "./listing.ts";
import { COUNTERS, PUBLIC_DECISIONS, PUBLIC_VALUES } from "./public.ts";
import { ROOT } from "./root.ts";
import { symbols } from "./symbols.ts";

const CONDITION = "(?:eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)";
const BRANCH = new RegExp(`^(?:b${CONDITION}|cbn?z)$`);
const DIVISION = /^[us]div/;
/** The calls by both names that each routine of libgcc has. */
const DIVISION_CALL = /<__(?:aeabi_[a-z]*|u)?(?:div|mod)\w*>/;
const CONDITIONAL_PRODUCT = new RegExp(`^(?:[us]div|u?mull|[us]m\\w+l|umaal|mla|mul)${CONDITION}$`);
const SETS_FLAGS = /^(?:cmp|cmn|tst|teq|(?:add|adc|sub|sbc|rsb|mov|mvn|and|orr|eor|bic|lsl|lsr|asr|ror|mul|neg)s)$/;

const isAssembly = (name: string): boolean => name.startsWith("cpu_");
const isCrypto = (name: string): boolean => name.startsWith("w2c_assembly_crypto_");
const isSecretive = (name: string): boolean => isCrypto(name) || name.startsWith("w2c_assembly_lib_words_");

const COMPLAINTS: Readonly<Record<Fault, string>> = {
  branch: "a branch on loaded data",
  address: "an address from loaded data",
  time: "a variable time on loaded data",
};

/** The parts of an image that the rule reads. */
export interface Judged {
  readonly listing: Listing;
  /** Where linear memory is. */
  readonly memory: { readonly begin: number; readonly end: number };
}

/** The comment of documentation right before each function, by the function's name. */
function* documented(text: string): Generator<[name: string, comment: string]> {
  for (const [, comment, name] of text.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n(?:@\w+\n)*(?:export )?function (\w+)/g,
  ))
    yield [name!, comment!];
}

const SAYS_ALL = /\bCT: everything leaks/;

/** True for wasm2c's name of a function that handles nothing secret: its `CT:` line says that everything leaks, or each such line of its file does. */
export function publicFunctions(): (name: string) => boolean {
  const files: string[] = [];
  const functions = new Set<string>();
  for (const path of filesBelow("assembly/crypto").filter((file) => file.endsWith(".ts"))) {
    const text = readFileSync(join(ROOT, path), "utf8");
    const prefix = `w2c_assembly_crypto_${/(\w+)\.ts$/.exec(path)![1]}_`;
    const says = [...text.matchAll(/\bCT: .*$/gm)];
    if (says.length > 0 && says.every(([line]) => SAYS_ALL.test(line))) files.push(prefix);
    for (const [name, comment] of documented(text)) if (SAYS_ALL.test(comment)) functions.add(prefix + name);
  }
  return (name) => files.some((prefix) => name.startsWith(prefix)) || functions.has(name.split(".")[0]!);
}

/** The lines of AssemblyScript of an address, the innermost first. */
function linesOf(frames: readonly Frame[]): Frame[] {
  return frames.filter(({ file }) => file.endsWith(".ts"));
}

const sources = new Map<string, readonly string[]>();

/** The text of a line of source. */
function textOf(file: string, line: number): string {
  if (!sources.has(file)) sources.set(file, readFileSync(join(ROOT, file), "utf8").split("\n"));
  return sources.get(file)![line - 1] ?? "";
}

/** True if the value that a load or call gives is one of `PUBLIC_VALUES`. */
export function isListed(listing: Listing, address: number): boolean {
  return linesOf(listing.framesAt(address)).some(({ file, line }) =>
    Object.keys(PUBLIC_VALUES[file] ?? {}).some((text) => textOf(file, line).includes(text)),
  );
}

interface Complaint {
  readonly name: string;
  readonly instruction: Instruction;
  readonly why: string;
  readonly origin?: number | undefined;
}

/** True for a routine of `cpu_*.S`, by its name or by its source. */
function isWritten({ framesAt }: Listing, { name, address }: Routine): boolean {
  return isAssembly(name) || framesAt(address).some(({ file }) => /\bcpu_\w+\.S$/.test(file));
}

/** The conditional branches of assembly: true for one that a public counter decides, else the instruction that sets its flags. */
function* branchesOf({
  name,
  instructions,
}: Routine): Generator<[instruction: Instruction, flags: string, isCounter: boolean]> {
  let flags = "";
  for (const instruction of instructions) {
    const { mnemonic, operands } = instruction;
    if (BRANCH.test(mnemonic))
      yield [instruction, flags, !mnemonic.startsWith("cb") && COUNTERS[name]?.[flags] !== undefined];
    if (SETS_FLAGS.test(mnemonic)) flags = `${mnemonic} ${operands}`;
  }
}

/** The addresses of the branches of assembly that a public counter decides. */
export function countedBranches(listing: Listing): ReadonlySet<number> {
  const written = listing.routines.filter((routine) => isWritten(listing, routine));
  return new Set(
    written.flatMap((routine) =>
      [...branchesOf(routine)].filter(([, , isCounter]) => isCounter).map(([{ address }]) => address),
    ),
  );
}

/** Instructions that are refused wherever secrets are handled, and in assembly everything that a condition decides. */
function refused(listing: Listing, isPublic: (name: string) => boolean): Complaint[] {
  const found: Complaint[] = [];
  for (const routine of listing.routines) {
    const { name, instructions } = routine;
    const isOurs = isWritten(listing, routine);
    if ((!isOurs && !isCrypto(name)) || isPublic(name)) continue;
    const complain = (instruction: Instruction, why: string): unknown => found.push({ name, instruction, why });
    for (const instruction of instructions) {
      const { mnemonic, operands } = instruction;
      if (DIVISION.test(mnemonic) || DIVISION_CALL.test(operands)) complain(instruction, "a division");
      else if (CONDITIONAL_PRODUCT.test(mnemonic)) complain(instruction, "a multiplication under a condition");
      if (isOurs && /^it[te]{0,3}$/.test(mnemonic)) complain(instruction, "a conditional instruction");
    }
    if (!isOurs) continue;
    for (const [instruction, flags, isCounter] of branchesOf(routine))
      if (!isCounter) complain(instruction, `a branch on a counter that is not public (${flags || "unknown flags"})`);
  }
  return found;
}

/** Find all that depends on loaded data, in the functions of the cryptography and in those that they call. */
function decided({ listing, memory }: Judged, mayDecide: (name: string) => boolean): Complaint[] {
  const flow = new Flow(listing, {
    isRoot: isSecretive,
    isOpaque: (name) => isAssembly(name) || mayDecide(name),
    isEnd: (name) => name === "trap",
    isPublicAt: (address) => isListed(listing, address),
    isSlow: (operation) => DIVISION.test(operation),
    memory,
  });
  return flow
    .run()
    .filter(({ instruction: { address } }) => !listing.framesAt(address).some(({ name }) => mayDecide(name)))
    .map(({ fault, routine, ...one }) => ({ name: routine, why: COMPLAINTS[fault], ...one }));
}

/** Each breach of the rule in an image: the function, the address, the instruction, and the line of source. */
export function breaches(image: Judged, isPublic = publicFunctions()): string[] {
  const mayDecide = (name: string): boolean =>
    isPublic(name) || Object.keys(PUBLIC_DECISIONS).some((prefix) => name.startsWith(prefix));
  const place = (address: number): string => {
    const [own] = linesOf(image.listing.framesAt(address));
    return `${address.toString(16)}${own === undefined ? "" : ` (${own.file}:${own.line})`}`;
  };
  return [...refused(image.listing, isPublic), ...decided(image, mayDecide)].map(
    ({ name, instruction: { address, mnemonic, operands }, why, origin }) => {
      const from = origin === undefined ? "" : `, loaded at ${place(origin)}`;
      return `${name}, ${place(address)}: ${why}: ${mnemonic} ${operands}${from}`;
    },
  );
}

/** Fail if an image breaks the rule. */
export async function assertConstant(elf: string, listing: Listing): Promise<void> {
  const { address, size } = (await symbols(elf))("guest");
  const found = breaches({ listing, memory: { begin: address, end: address + size } });
  if (found.length > 0)
    throw new Trouble(
      `${elf}: time depends on data in code that handles secrets\n  ${found.join("\n  ")}`,
      "tools/firmware/constant.ts has the rule, tools/firmware/public.ts what is public",
    );
}
