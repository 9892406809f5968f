/** From AssemblyScript to C: asc, wasm2c, and the few substitutions in what wasm2c writes. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Trouble } from "../trouble.ts";
import type { Board } from "./board.ts";
import { digest, exclusively, filesBelow } from "./cache.ts";
import { buildDay } from "./day.ts";
import { ROOT } from "./root.ts";
import { run } from "./run.ts";

/** What decides a module's bytes: the firmware's library, and the folder of the entry. */
function sourcesOf(entry: string): string[] {
  return filesBelow("assembly", dirname(entry), "tools/build/guest_end.ts", "asconfig.json", "package-lock.json");
}

/** Compile `entry`; boards with the same choices share the module, which is the slowest step of a build. */
async function compileWasm(board: Pick<Board, "use">, entry: string): Promise<string> {
  const day = buildDay();
  const choice = day === undefined ? board.use : { ...board.use, BUILT_ON_DAY: day };
  const use = Object.entries(choice).map(([name, value]) => `${name}=${value}`);
  const key = digest([entry, ...use], sourcesOf(entry)).slice(0, 16);
  const folder = join(ROOT, "build", "wasm", `${entry.replaceAll("/", "_")}-${key}`);
  const wasm = join(folder, "signet.wasm");
  return exclusively(`${folder}.lock`, async () => {
    if (existsSync(wasm)) return wasm;
    mkdirSync(folder, { recursive: true });
    const making = join(folder, "making.wasm");
    const text = join(folder, "signet.wat");
    const asc = join("node_modules", "assemblyscript", "bin", "asc.js");
    const args = [asc, entry, "tools/build/guest_end.ts", "--config", "asconfig.json", "--target", "release"];
    const choices = use.flatMap((item) => ["--use", item]);
    // A board that wants to be small wants no function copied into its callers either.
    const level = use.some((item) => item.startsWith("CRYPTO_SMALL")) ? ["--shrinkLevel", "2"] : [];
    await run(process.execPath, [...args, ...choices, ...level, "--outFile", making, "--textFile", text]);
    if (/\bmemory\.grow\b/.test(readFileSync(text, "utf8"))) {
      throw new Trouble(
        `${entry} has a heap: memory.grow is in the module`,
        "something was allocated (new, a string, a closure); use memory.data and @unmanaged classes",
      );
    }
    renameSync(making, wasm);
    return wasm;
  });
}

/** Replace `from`, which must be there exactly once. */
function substitute(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) {
    throw new Trouble(`wasm2c's output is not as expected near: ${from.split("\n")[0]}`, "is this wabt 1.0.32?");
  }
  return parts.join(to);
}

/** How a load and a store move their bytes, in the branch for little-endian hosts, and what moves them instead. */
const MOVES = [
  [
    "    wasm_rt_memcpy(&result, &mem->data[addr], sizeof(t1)); \\\n",
    "    wasm_rt_load(&result, &mem->data[addr], sizeof(t1)); \\\n",
  ],
  [
    "    wasm_rt_memcpy(&mem->data[addr], &wrapped, sizeof(t1));            \\\n",
    "    wasm_rt_store(&mem->data[addr], &wrapped, sizeof(t1));            \\\n",
  ],
] as const;

/** A declaration of a function of the firmware, by its folder. */
const DECLARATION = /^static \w+ w2c_assembly_([a-z]+)_\w+\(Z_guest_instance_t\*.*\);$/gm;

/** Whether the compiler makes what a folder holds fast, as all that computes; the rest runs a few times an exchange, and is made small. */
function temperature(folder: string): string {
  return folder === "crypto" || folder === "lib" ? "hot" : "cold";
}

/**
 * The range check becomes one comparison with a constant, see boards/common/wasm-rt.h. The empty asm after each load
 * goes: it keeps dead loads alive for the sake of their trap, which the check before the load raises anyway.
 */
function patch(c: string): string {
  const checked = substitute(
    c,
    "  if (UNLIKELY(offset + (uint64_t)len > mem->size)) \\\n    TRAP(OOB);",
    "  if (UNLIKELY(!wasm_rt_inside(offset, len))) \\\n    TRAP(OOB);",
  );
  const moved = MOVES.reduce((text, [from, to]) => substitute(text, from, to), checked);
  return moved
    .replaceAll('wasm_asm("" ::"r"(result));', "")
    .replace(DECLARATION, (line, folder: string) => `__attribute__((${temperature(folder)})) ${line}`);
}

interface Call {
  readonly result: string;
  readonly name: string;
  readonly types: readonly string[];
}

/** The exported functions, read from wasm2c's header. */
function calls(header: string): Call[] {
  const found = [...header.matchAll(/^(u32|u64|void) Z_guestZ_(?!__end)(\w+)\(Z_guest_instance_t\*((?:, \w+)*)\);$/gm)];
  return found.map(([, result, name, types]) => ({
    result: result ?? "",
    name: name ?? "",
    types: (types ?? "").split(", ").filter((type) => type !== ""),
  }));
}

const C_TYPES: Record<string, string> = { u32: "uint32_t", u64: "uint64_t", void: "void" };

function prototype({ result, name, types }: Call, prefix: string): string {
  const parameters = types.map((type, i) => `${C_TYPES[type]} p${i}`).join(", ") || "void";
  return `${C_TYPES[result]} ${prefix}${name}(${parameters})`;
}

/** Each export as a C function: `guest_X` scrubs the stack behind itself, `guest_bare_X` does not. */
function definitions(call: Call): string {
  const names = call.types.map((_, i) => `p${i}`);
  const inner = `Z_guestZ_${call.name}(${["&guest", ...names].join(", ")})`;
  const bare = `guest_bare_${call.name}(${names.join(", ")})`;
  const isVoid = call.result === "void";
  return [
    `VISIBLE ${prototype(call, "guest_bare_")} {\n  ${isVoid ? "" : "return "}${inner};\n}`,
    `VISIBLE ${prototype(call, "guest_")} {`,
    `  ${isVoid ? "" : `const ${C_TYPES[call.result]} result = `}${bare};`,
    `  stack_scrub();${isVoid ? "" : "\n  return result;"}\n}\n`,
  ].join("\n");
}

/** The event names as C initialisers, from the firmware's own enumeration; KeyMade becomes "key-made". */
function eventNames(): string {
  const path = join(ROOT, "assembly/app/event.ts");
  if (!existsSync(path)) return "0";
  const body = /export const enum Event \{([^}]*)\}/.exec(readFileSync(path, "utf8"))?.[1];
  if (body === undefined)
    throw new Trouble("assembly/app/event.ts has no `export const enum Event`", "see boards/README.md");
  const members = [...body.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").matchAll(/(\w+) = (\d+)/g)];
  return members.map(([, name, code]) => `[${code}] = "${kebab(name ?? "")}"`).join(", ") || "0";
}

function kebab(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
}

/** Bytes of linear memory of a module: where its static memory ends. */
function linearOf(text: string): number {
  const end = /\(func \$tools\/build\/guest_end\/__end \(result i32\)\s+i32\.const (\d+)/.exec(text)?.[1];
  if (end === undefined)
    throw new Trouble("the module does not say where its memory ends", "see tools/build/guest_end.ts");
  return (Number(end) + 7) & ~7;
}

/** Bytes of linear memory that `entry` takes with a board's choices. */
export async function linearBytes(board: Pick<Board, "use">, entry: string): Promise<number> {
  return linearOf(readFileSync(join(dirname(await compileWasm(board, entry)), "signet.wat"), "utf8"));
}

export interface Guest {
  /** Bytes of linear memory: where static memory ends. */
  readonly linear: number;
}

/** Leave the guest as C in `folder`, beside the headers that boards/common/guest.c asks for. */
export async function buildGuest(board: Pick<Board, "use">, entry: string, folder: string): Promise<Guest> {
  mkdirSync(folder, { recursive: true });
  const wasm = join(folder, "signet.wasm");
  const compiled = await compileWasm(board, entry);
  copyFileSync(compiled, wasm);
  const c = join(folder, "guest_module.c");
  await run("wasm2c", [wasm, "-n", "guest", "-o", c]);
  const text = readFileSync(c, "utf8");
  const header = readFileSync(join(folder, "guest_module.h"), "utf8");
  if (/wasm_rt_\w+_table_t w2c/.test(header)) {
    throw new Trouble(`${entry} has a table of functions`, "call functions by name, not by value");
  }
  const linear = linearOf(readFileSync(join(dirname(compiled), "signet.wat"), "utf8"));
  const ports = /^void Z_guest_instantiate\(Z_guest_instance_t\*(.*)\);$/m.exec(header)?.[1] ?? "";
  const nulls = ports
    .split(",")
    .slice(1)
    .map(() => ", 0")
    .join("");
  const exported = calls(header);

  writeFileSync(c, patch(text));
  writeFileSync(
    join(folder, "layout.h"),
    `#define LINEAR_BYTES ${linear}u\n#define GUEST_INSTANTIATE(guest) \\\n  Z_guest_init_module(); \\\n  Z_guest_instantiate(guest${nulls})\n`,
  );
  writeFileSync(join(folder, "guest_calls.h"), exported.map(definitions).join("\n"));
  writeFileSync(
    join(folder, "guest_exports.h"),
    `#include <stdint.h>\n${exported.map((call) => `${prototype(call, "guest_")};\n${prototype(call, "guest_bare_")};\n`).join("")}`,
  );
  writeFileSync(join(folder, "events.h"), `#define EVENT_NAMES ${eventNames()}\n`);
  return { linear };
}
