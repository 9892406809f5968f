/** Build an image: a board, an AssemblyScript entry and a C main program become ELF, HEX, BIN, map and size. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Board, chipFolders, KiB, loadBoard } from "./board.ts";
import { buildDay } from "./day.ts";
import { digest, exclusively, filesBelow, isFresh } from "./cache.ts";
import { guestUnit, makeFirmware, ownUnit } from "./firmware.ts";
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
  /** The TLS client alone, call by call: what the bench counts. */
  tls: { entry: "tests/tls/guest_lab.ts", main: "boards/common/lab.c" },
  /** The product with a C program that serves a stream: what `tests/qemu/stream` runs. */
  stream: { entry: "assembly/main.ts", main: "tests/qemu/stream/main.c" },
  /** The TLS client on the link, with a pattern for data: what talks to servers of others. */
  pattern: { entry: "tests/tls/guest_pattern.ts", main: "boards/common/main.c" },
  /** Planted faults: what the boot tests run. */
  probe: { entry: "tests/qemu/boot/guest.ts", main: "boards/common/main.c" },
} as const;

export type Image = keyof typeof IMAGES;

/** The images' names. */
export function imageNames(): string[] {
  return Object.keys(IMAGES);
}

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

/** The lab's buffer is the test's, not the product's: it comes on top of the budget, as large as the RAM allows. */
function withLabRoom(board: Board): Board {
  const bytes = board.ram.bytes >= 64 * KiB ? 20 * KiB : 2 * KiB;
  return {
    ...board,
    use: { ...board.use, LAB_BYTES: bytes },
    budget: { ...board.budget, linear: board.budget.linear + bytes },
  };
}

/** The same for the TLS client's test, with records of 1 KiB on every board: the room for one, twice, and for what a connection is to be. */
function withTlsRoom(board: Board): Board {
  const { WITHOUT_TLS: _, TLS_RECORD: __, ...use } = board.use;
  return {
    ...board,
    use: { ...use, TLS_GUEST_BYTES: KiB },
    budget: { ...board.budget, linear: board.budget.linear + 4 * KiB },
  };
}

/** Everything but the guest's sources that decides the bytes of an image. */
function toolInputs(board: Board, boardName: string): string[] {
  return filesBelow("boards/common", ...chipFolders(board), `boards/${boardName}`, "linker", "tools/build");
}

/** Build one image, or return what is there if nothing it is made from has changed. */
export async function buildImage(request: Request): Promise<Built> {
  const { board: boardName, image } = request;
  const loaded: Board = { ...(await loadBoard(boardName)), ...request.change };
  const board = image === "lab" ? withLabRoom(loaded) : image === "tls" ? withTlsRoom(loaded) : loaded;
  const entry = request.entry ?? IMAGES[image].entry;
  const folder = join(request.out ?? join(ROOT, "build"), boardName, image);
  const at = (name: string): string => join(folder, name);
  return exclusively(`${folder}.lock`, async () => {
    mkdirSync(folder, { recursive: true });
    const compiler = await run("arm-none-eabi-gcc", ["--version"]);
    const inputs = [
      ...toolInputs(board, boardName),
      ...filesBelow(
        "assembly",
        dirname(entry),
        "tests/lab",
        "tests/tls",
        "tests/qemu/stream/main.c",
        "asconfig.json",
        "package-lock.json",
      ),
    ];
    const wanted = digest([JSON.stringify(board), String(buildDay()), entry, image, compiler], inputs);
    if (!isFresh(at("stamp"), wanted) || !existsSync(at("signet.elf"))) {
      rmSync(at("stamp"), { force: true });
      const { linear } = await buildGuest(board, entry, folder);
      await makeFirmware(board, boardName, folder, linear, [guestUnit(board), ownUnit(mainOf(image))]);
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
