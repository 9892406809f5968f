/** From AssemblyScript to C: asc, wasm2c, and the conversion of wasm2c's output for boards/common/guest.c. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EVENTS } from "../facts/device.ts";
import type { Row } from "../facts/table.ts";
import { Trouble } from "../trouble.ts";
import { asc, GUEST_END, type Program, sourcesOf, VERSIONS, WASM_FLAGS } from "./asc.ts";
import type { Board } from "./board.ts";
import { digest, exclusively, filesBelow } from "./cache.ts";
import { buildDay } from "./day.ts";
import { packageFolder } from "./modules.ts";
import { CONSTANTS_AT } from "./memory.mjs";
import { BUILD } from "./root.ts";
import { run } from "./run.ts";
import { originsOf } from "./origins.ts";
import { type Call, parse } from "./words.ts";

/** The forbidden contents of a module: a form of its text, and the sentence of the refusal. */
const REFUSED: readonly (readonly [form: RegExp, what: string, hint: string])[] = [
  [
    /\bmemory\.grow\b/,
    "has a heap: memory.grow is in the module",
    "`new`, a string or a closure allocates; use memory.data and @unmanaged classes",
  ],
  [
    /^ \(start \$/m,
    "has code that runs when the module starts; no board runs it",
    "a variable of a file takes its initial value from a call; use a literal or a function",
  ],
];

/** Compile a program; boards with the same choices share the module, which is the slowest step of a build. */
async function compileWasm(board: Pick<Board, "use">, program: Program): Promise<string> {
  const { entry, app } = program;
  const day = buildDay();
  const choice = day === undefined ? board.use : { ...board.use, BUILT_ON_DAY: day };
  const use = Object.entries(choice).map(([name, value]) => `${name}=${value}`);
  const key = digest([entry, ...use], sourcesOf(program)).slice(0, 16);
  const folder = join(BUILD, "wasm", `${entry.replaceAll("/", "_")}-${key}`);
  const wasm = join(folder, "signet.wasm");
  return exclusively(`${folder}.lock`, async () => {
    if (existsSync(`${wasm}.map`)) return wasm;
    mkdirSync(folder, { recursive: true });
    const making = join(folder, "making.wasm");
    const text = join(folder, "signet.wat");
    const args = [entry, `${GUEST_END}.ts`, "--target", "release"];
    const choices = use.flatMap((item) => ["--use", item]);
    await asc([...args, ...choices, "--sourceMap", "--outFile", making, "--textFile", text], app);
    const wat = readFileSync(text, "utf8");
    for (const [form, what, hint] of REFUSED) if (form.test(wat)) throw new Trouble(`${entry} ${what}`, hint);
    renameSync(making, wasm);
    renameSync(`${making}.map`, `${wasm}.map`);
    return wasm;
  });
}

/** Bytes of a window of linear memory in boards/common/words.h: the range of the shortest load of a word. */
const WINDOW_BYTES = 128;

export const C_TYPES: Record<string, string> = { u32: "uint32_t", u64: "uint64_t", void: "void" };

/** The C prototype of an export, its name behind `prefix`. */
export function prototype({ result, name, types }: Call, prefix: string): string {
  const parameters = types.map((type, i) => `${C_TYPES[type]} p${i}`).join(", ") || "void";
  return `${C_TYPES[result]} ${prefix}${name}(${parameters})`;
}

/** Each export as a C function: `guest_X` scrubs the stack behind itself, `guest_bare_X` does not. */
function definitions(call: Call): string {
  const names = call.types.map((_, i) => `p${i}`);
  const inner = `${call.inner}(${names.join(", ")})`;
  const bare = `guest_bare_${call.name}(${names.join(", ")})`;
  const isVoid = call.result === "void";
  return [
    `VISIBLE ${prototype(call, "guest_bare_")} {\n  ${isVoid ? "" : "return "}${inner};\n}`,
    `VISIBLE ${prototype(call, "guest_")} {`,
    `  ${isVoid ? "" : `const ${C_TYPES[call.result]} result = `}${bare};`,
    `  stack_scrub();${isVoid ? "" : "\n  return result;"}\n}\n`,
  ].join("\n");
}

/** The event names as one text of C, each with its zero: the codes are 1, 2, 3 and so on. Names at its end that the image never says are left out. */
function eventNames(use: Board["use"]): string {
  const rows = Object.entries<Row>(EVENTS);
  const last = rows.findLastIndex(([, [, , needs]]) => needs === undefined || needs in use);
  return rows
    .slice(0, last + 1)
    .map(([name, [code]], i) => {
      if (code !== i + 1) throw new Error(`event ${name} has the code ${code} in place ${i + 1}`);
      return `"${name}\\0"`;
    })
    .join(" ");
}

/** Bytes of linear memory of a module: where its static memory ends. */
function linearOf(text: string): number {
  const end = new RegExp(`\\(func \\$${GUEST_END}/__end \\(result i32\\)\\s+i32\\.const (\\d+)`).exec(text)?.[1];
  if (end === undefined) throw new Trouble("the module does not export the end of its memory", `see ${GUEST_END}.ts`);
  return (Number(end) + 7) & ~7;
}

/** Bytes of linear memory that a program takes with a board's choices. */
export async function linearBytes(board: Pick<Board, "use">, program: Program): Promise<number> {
  return linearOf(readFileSync(join(dirname(await compileWasm(board, program)), "signet.wat"), "utf8"));
}

/** Return the facts about the module that boards/common/words.h needs. */
export function layoutHeader(linear: number, globals: string, constants = 0): string {
  const windows = Array.from({ length: Math.ceil(linear / WINDOW_BYTES) }, (_, n) => `WINDOW(${n})`).join(" ");
  const places = `#define LINEAR_BYTES ${linear}u\n#define CONSTANTS_AT ${CONSTANTS_AT}u\n#define CONSTANTS_BYTES ${constants}u\n`;
  return `${places}#define GUEST_GLOBALS ${globals}\n#define WINDOWS ${windows}\n`;
}

/** The C of a guest, and the headers for boards/common/guest.c. */
const GENERATED = ["guest_module.c", "layout.h", "guest_calls.h", "guest_exports.h", "events.h"] as const;

export interface Guest {
  /** Bytes of linear memory: where static memory ends. */
  readonly linear: number;
  /** The module's exports. */
  readonly calls: readonly Call[];
}

/**
 * Leave the guest as C in `folder`, beside the headers that boards/common/guest.c asks for. Builds with the same module share the
 * translation.
 */
export async function buildGuest(board: Pick<Board, "use">, program: Program, folder: string): Promise<Guest> {
  const wasm = await compileWasm(board, program);
  const isSmall = "CRYPTO_SMALL" in board.use;
  const events = eventNames(board.use);
  const key = digest([String(isSmall), events], filesBelow("tools/firmware", "tools/facts", ...VERSIONS));
  const shared = join(dirname(wasm), `c-${key.slice(0, 16)}`);
  await exclusively(`${shared}.lock`, async () => {
    if (existsSync(join(shared, "guest.json"))) return;
    mkdirSync(shared, { recursive: true });
    const guest = await translate(wasm, program, isSmall, events, shared);
    writeFileSync(join(shared, "guest.json"), JSON.stringify(guest));
  });
  mkdirSync(folder, { recursive: true });
  for (const name of GENERATED) copyFileSync(join(shared, name), join(folder, name));
  copyFileSync(wasm, join(folder, "signet.wasm"));
  return JSON.parse(readFileSync(join(shared, "guest.json"), "utf8")) as Guest;
}

/** Translate a module to C, in `folder`. */
async function translate(
  wasm: string,
  program: Program,
  isSmall: boolean,
  events: string,
  folder: string,
): Promise<Guest> {
  const making = join(folder, "wasm2c.c");
  await run(process.execPath, [
    ...WASM_FLAGS,
    join(packageFolder("wabt"), "bin/wasm2c"),
    wasm,
    "-n",
    "guest",
    "-o",
    making,
  ]);
  const header = readFileSync(join(folder, "wasm2c.h"), "utf8");
  if (/wasm_rt_\w+_table_t w2c/.test(header)) {
    throw new Trouble(`${program.entry} has a table of functions`, "call functions directly, not through a variable");
  }
  const { globals, constants, module, calls } = parse(readFileSync(making, "utf8"), header, {
    isSmall,
    origins: await originsOf(wasm),
  });
  const linear = linearOf(readFileSync(join(dirname(wasm), "signet.wat"), "utf8"));

  const files: Record<(typeof GENERATED)[number], string> = {
    "guest_module.c": module,
    "layout.h": layoutHeader(linear, globals, constants),
    "guest_calls.h": calls.map(definitions).join("\n"),
    "guest_exports.h": `#include <stdint.h>\n${calls.map((call) => `${prototype(call, "guest_")};\n${prototype(call, "guest_bare_")};\n`).join("")}`,
    "events.h": `#define EVENT_NAMES ${events}\n`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { linear, calls };
}
