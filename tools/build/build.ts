/** Build an image: a board, an AssemblyScript entry and a C main program become ELF, HEX, BIN, map and size. */
import { cpus } from "node:os";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Board, KiB, loadBoard } from "./board.ts";
import { digest, exclusively, filesBelow, isFresh } from "./cache.ts";
import { buildGuest } from "./guest.ts";
import { ROOT } from "./root.ts";
import { run } from "./run.ts";
import { measure, type Size } from "./size.ts";

/** The images: what the guest is, and which C main program runs it. */
const IMAGES = {
  /** The product. */
  signet: { entry: "assembly/main.ts", main: "boards/common/main.c" },
  /** Test and bench operations, served over the module's UART. */
  lab: { entry: "tests/lab/guest.ts", main: "boards/common/lab.c" },
  /** Planted faults: what the boot tests run. */
  probe: { entry: "tests/qemu/boot/guest.ts", main: "boards/common/main.c" },
} as const;

export type Image = keyof typeof IMAGES;

/** Whether an image has this name. */
export function isImage(name: string): name is Image {
  return Object.hasOwn(IMAGES, name);
}

/** The AssemblyScript entry of an image. */
export function entryOf(image: Image): string {
  return IMAGES[image].entry;
}

/** The C main program of an image. */
export function mainOf(image: Image): string {
  return IMAGES[image].main;
}

export interface Built {
  readonly board: string;
  readonly image: Image;
  readonly folder: string;
  readonly elf: string;
  readonly hex: string;
  readonly bin: string;
  readonly map: string;
  readonly wasm: string;
  readonly size: Size;
}

export interface Request {
  readonly board: string;
  readonly image: Image;
  /** Where outputs go; `build` in the working tree unless said. */
  readonly out?: string;
  /** Changes to the board's data, for tests of the build itself. */
  readonly change?: Partial<Board>;
  /** Another AssemblyScript entry, for tests of the build itself. */
  readonly entry?: string;
}

const CMSIS = "node_modules/@xpack-3rd-party/arm-cmsis-core-m/CMSIS/Core/Include";

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

/** The common C that every image has; the two main programs are added by image, cpu* by pattern. */
function sources(board: Board, boardName: string, main: string): string[] {
  const ofCommon = filesBelow("boards/common").filter(
    (file) => /\.(c|S)$/.test(file) && !/\/(main|lab|guest)\.c$/.test(file),
  );
  return [
    ...ofCommon,
    ...filesBelow(`boards/chips/${board.chip}`, `boards/${boardName}`).filter((file) => /\.(c|S)$/.test(file)),
    main,
  ];
}

/** The board's data as C macros. */
function boardHeader(name: string, board: Board): string {
  const macros: Record<string, string | number> = {
    BOARD_NAME: JSON.stringify(name),
    CORE_HEADER: JSON.stringify(CORE_HEADERS[board.cpu]),
    CLOCK_HZ: `${board.clockHz}u`,
    STORE_ORIGIN: `${board.store.origin}u`,
    STORE_PAGE_BYTES: `${board.store.pageBytes}u`,
    STORE_PAGES: `${board.store.pages}u`,
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
    `-ffile-prefix-map=${ROOT}=.`,
    "-DNDEBUG",
    ...Object.entries(board.use).map(([name, value]) => `-D${name}=${value}`),
    `-I${folder}`,
    "-Iboards/common",
    `-Iboards/chips/${board.chip}`,
    `-Iboards/${boardName}`,
    "-isystem",
    CMSIS,
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

/** Compile and link in `folder`, which holds the guest's C already. */
async function compile(board: Board, boardName: string, image: Image, folder: string, linear: number): Promise<void> {
  const objects: string[] = [];
  const common = flags(board, boardName, folder);
  const object = (source: string, more: readonly string[]): (() => Promise<unknown>) => {
    const out = join(folder, `${source.replaceAll("/", "_")}.o`);
    objects.push(out);
    return () => run("arm-none-eabi-gcc", [...common, ...more, "-c", source, "-o", out]);
  };
  const guest = object("boards/common/guest.c", [
    board.optimize ?? "-O2",
    "-fwhole-program",
    "-fno-builtin-malloc",
    ...WARNINGS,
    ...GUEST_WARNINGS,
  ]);
  const others = sources(board, boardName, IMAGES[image].main).map((source) => object(source, ["-Os", ...WARNINGS]));
  await inParallel([guest, ...others]);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("memory.ld"), memoryScript(board, linear));
  const elf = at("signet.elf");
  const layout = [`-L${folder}`, "-T", "linker/signet.ld", `-Wl,-Map=${at("signet.map")}`];
  await run("arm-none-eabi-gcc", [
    `-mcpu=${board.cpu}`,
    ...LINK,
    ...layout,
    ...objects.toSorted(),
    "-lc",
    "-lgcc",
    "-o",
    elf,
  ]);
  await run("arm-none-eabi-objcopy", ["-O", "ihex", at("signet.elf"), at("signet.hex")]);
  await run("arm-none-eabi-objcopy", ["-O", "binary", at("signet.elf"), at("signet.bin")]);
}

/** The lab's buffer is the test's, not the product's: it comes on top of the budget, as large as the RAM allows. */
function withLabRoom(board: Board): Board {
  const bytes = board.ram.bytes >= 64 * KiB ? 20 * KiB : 2 * KiB;
  return {
    ...board,
    use: { ...board.use, LAB_BYTES: bytes },
    budget: { ...board.budget, linear: board.budget.linear + bytes },
  };
}

/** Everything but the guest's sources that decides the bytes of an image. */
function toolInputs(board: Board, boardName: string): string[] {
  return filesBelow("boards/common", `boards/chips/${board.chip}`, `boards/${boardName}`, "linker", "tools/build");
}

/** Build one image, or return what is there if nothing it is made from has changed. */
export async function buildImage(request: Request): Promise<Built> {
  const { board: boardName, image } = request;
  const loaded: Board = { ...(await loadBoard(boardName)), ...request.change };
  const board = image === "lab" ? withLabRoom(loaded) : loaded;
  const entry = request.entry ?? IMAGES[image].entry;
  const folder = join(request.out ?? join(ROOT, "build"), boardName, image);
  const at = (name: string): string => join(folder, name);
  return exclusively(`${folder}.lock`, async () => {
    mkdirSync(folder, { recursive: true });
    const compiler = await run("arm-none-eabi-gcc", ["-dumpfullversion"]);
    const inputs = [
      ...toolInputs(board, boardName),
      ...filesBelow("assembly", "tests/lab", "tests/qemu/boot/guest.ts", "asconfig.json", "package-lock.json"),
    ];
    const wanted = digest([JSON.stringify(board), entry, image, compiler], inputs);
    if (!isFresh(at("stamp"), wanted) || !existsSync(at("signet.elf"))) {
      rmSync(at("stamp"), { force: true });
      const { linear } = await buildGuest(board, entry, folder);
      writeFileSync(at("board.h"), boardHeader(boardName, board));
      await compile(board, boardName, image, folder, linear);
      const size = await measure(at("signet.elf"), at("signet.map"), linear);
      writeFileSync(at("size.json"), `${JSON.stringify(size, null, 2)}\n`);
      writeFileSync(at("stamp"), wanted);
    }
    const size = JSON.parse(readFileSync(at("size.json"), "utf8")) as Size;
    const file = (kind: string): string => at(`signet.${kind}`);
    return {
      board: boardName,
      image,
      folder,
      elf: file("elf"),
      hex: file("hex"),
      bin: file("bin"),
      map: file("map"),
      wasm: file("wasm"),
      size,
    };
  });
}
