/** Compile C for a board and link it: the board's data becomes headers, flags and a linker script. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { type Board, boardFolder, chipFolders } from "./board.ts";
import * as boot2 from "./boot2.ts";
import { filesBelow } from "./cache.ts";
import { packageFolder } from "./modules.ts";
import { PROJECT, ROOT } from "./root.ts";
import { run } from "./run.ts";
import * as uf2 from "./uf2.ts";

/** CMSIS-Core's header of each core. */
const CORE_HEADERS: Record<Board["cpu"], string> = {
  "cortex-m0": "core_cm0.h",
  "cortex-m0plus": "core_cm0plus.h",
  "cortex-m3": "core_cm3.h",
  "cortex-m4": "core_cm4.h",
  "cortex-m7": "core_cm7.h",
  "cortex-m33": "core_cm33.h",
};

/** Interrupt handlers and faults run on a stack of this many bytes. */
const HANDLER_STACK_BYTES = 512;

/**
 * The region of the protection unit below it. None where there is no unit, where the core checks the stack's end itself, and on
 * the M0+, whose core locks up where others report a hard fault that cannot be pushed.
 */
const HANDLER_GUARD_BYTES: Partial<Record<Board["cpu"], number>> = {
  "cortex-m3": 32,
  "cortex-m4": 32,
  "cortex-m7": 32,
};

/** The C that every image of a board has, main programs and guest aside. */
function sources(board: Board, boardName: string): string[] {
  const shared = filesBelow("boards/common").filter((file) => !/\/(main|lab|guest)\.c$/.test(file));
  const own = filesBelow(...chipFolders(board), boardFolder(boardName));
  return [...shared, ...own].filter((file) => /\.(c|S)$/.test(file));
}

/** The board's data as C macros. */
export function boardHeader(name: string, board: Board): string {
  const macros: Record<string, string | number> = {
    BOARD_NAME: JSON.stringify(name),
    CORE_HEADER: JSON.stringify(CORE_HEADERS[board.cpu]),
    CLOCK_HZ: `${board.clockHz}u`,
    FLASH_ORIGIN: `${board.flash.origin}u`,
    FLASH_BYTES: `${board.flash.bytes}u`,
    /** The next power of two: the unit of a memory protection unit. */
    FLASH_WHOLE_BYTES: `${2 ** Math.ceil(Math.log2(board.flash.bytes))}u`,
    STORE_ORIGIN: `${board.store.origin}u`,
    STORE_PAGE_BYTES: `${board.store.pageBytes}u`,
    STORE_PAGES: `${board.store.pages}u`,
    ...(board.store.spread && {
      STORE_SPREAD_OF: `${board.store.spread.of}u`,
      STORE_SPREAD_USED: `${board.store.spread.used}u`,
    }),
    UART_BAUD: "115200u",
    CONSOLE_BAUD: "115200u",
    METER_TICK_MILLI: Math.round((board.qemu?.instructionsPerTick ?? 1) * 1000),
    ...board.defines,
  };
  const lines = Object.entries(macros).map(([macro, value]) => `#define ${macro} ${value}\n`);
  return `#ifndef BOARD_H_\n#define BOARD_H_\n${lines.join("")}#endif\n`;
}

/** The board's data as the linker script wants it. */
function memoryScript(board: Board, linear: number): string {
  return [
    `MEMORY { FLASH (rx) : ORIGIN = ${board.flash.origin}, LENGTH = ${board.flash.bytes}`,
    `         RAM (rw) : ORIGIN = ${board.ram.origin}, LENGTH = ${board.ram.bytes} }`,
    `STACK_BYTES = ${board.budget.stack};`,
    `HANDLER_STACK_BYTES = ${HANDLER_STACK_BYTES};`,
    `HANDLER_GUARD_BYTES = ${HANDLER_GUARD_BYTES[board.cpu] ?? 0};`,
    `LINEAR_BYTES = ${linear};`,
    `BUDGET_FLASH = ${board.budget.flash};`,
    `BUDGET_LINEAR = ${board.budget.linear};`,
    `BUDGET_STACK = ${board.budget.stack};`,
    "",
  ].join("\n");
}

const WARNINGS = ["-Wall", "-Wextra", "-Werror"];
/** wasm2c declares every local and every helper, and never means an assignment as a condition. */
const GUEST_WARNINGS = ["-Wno-unused", "-Wno-unused-but-set-variable", "-Wno-unused-value", "-Wno-parentheses"];

const LINK = [
  "-mthumb",
  "-mfloat-abi=soft",
  "-nostartfiles",
  "-nostdlib",
  "-Wl,--gc-sections",
  "-Wl,--build-id=none",
  "-Wl,--fatal-warnings",
  "-Wl,--no-warn-rwx-segments",
];

/** Flags that decide the bytes. Paths are made relative to the tree and to the output, so that both may lie anywhere. */
function flags(board: Board, boardName: string, folder: string): string[] {
  return [
    `-mcpu=${board.cpu}`,
    "-mthumb",
    "-masm-syntax-unified",
    "-mfloat-abi=soft",
    "-std=gnu11",
    "-g",
    "-fno-common",
    "-ffunction-sections",
    "-fdata-sections",
    `-ffile-prefix-map=${folder}=out`,
    `-ffile-prefix-map=${PROJECT}=.`,
    `-ffile-prefix-map=${ROOT}=.`,
    // Only the assembler gets this one.
    `-fdebug-prefix-map=${ROOT}=.`,
    "-DNDEBUG",
    ...Object.entries(board.use).map(([name, value]) => `-D${name}=${value}`),
    `-I${folder}`,
    "-Iboards/common",
    ...chipFolders(board).map((chip) => `-I${chip}`),
    `-I${boardFolder(boardName)}`,
    "-isystem",
    join(packageFolder("@xpack-3rd-party/arm-cmsis-core-m"), "CMSIS/Core/Include"),
  ];
}

/** Run the jobs, as many at once as there are cores. */
async function inParallel(jobs: readonly (() => Promise<unknown>)[]): Promise<void> {
  const queue = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job; job = queue.shift()) await job();
  };
  await Promise.all(cpus().map(worker));
}

/** One source and its additional flags. */
export interface Unit {
  readonly source: string;
  readonly flags: readonly string[];
}

/** Our own C is compiled for size and without a warning. */
export function ownUnit(source: string): Unit {
  return { source, flags: ["-Os", ...WARNINGS] };
}

/** The guest's C. Its debugging information has lines and inlined calls, but no variables: wasm2c's mean nothing to a reader. */
export const GUEST_UNIT: Unit = {
  source: "boards/common/guest.c",
  flags: ["-g1", "-Os", "-fwhole-program", ...WARNINGS, ...GUEST_WARNINGS],
};

/** Compile the units and the board's C, and link them to `signet.elf`, `.hex`, `.bin`, `.map` and, for chips that take it, `.uf2` in `folder`. */
export async function makeFirmware(
  board: Board,
  boardName: string,
  folder: string,
  linear: number,
  units: readonly Unit[],
): Promise<void> {
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("board.h"), boardHeader(boardName, board));
  writeFileSync(at("memory.ld"), memoryScript(board, linear));
  const common = flags(board, boardName, folder);
  const all = [...units, ...sources(board, boardName).map(ownUnit)];
  const object = (unit: Unit): string => at(`${unit.source.replace(/^\//, "").replaceAll("/", "_")}.o`);
  await inParallel(
    all.map(
      (unit) => () => run("arm-none-eabi-gcc", [...common, ...unit.flags, "-c", unit.source, "-o", object(unit)]),
    ),
  );
  const layout = [`-L${folder}`, "-T", "linker/signet.ld", `-Wl,-Map=${at("signet.map")}`];
  const inputs = [...all.map(object).toSorted(), "-lc", "-lgcc"];
  await run("arm-none-eabi-gcc", [`-mcpu=${board.cpu}`, ...LINK, ...layout, ...inputs, "-o", at("signet.elf")]);
  await boot2.seal(at("signet.elf"));
  await run("arm-none-eabi-objcopy", ["-O", "ihex", at("signet.elf"), at("signet.hex")]);
  await run("arm-none-eabi-objcopy", ["-O", "binary", at("signet.elf"), at("signet.bin")]);
  const family = uf2.FAMILIES[board.chip];
  if (family !== undefined)
    writeFileSync(at("signet.uf2"), uf2.encode(readFileSync(at("signet.bin")), board.flash.origin, family));
}
