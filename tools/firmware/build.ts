/** Build an image: a board, an AssemblyScript entry and a C main program become ELF, HEX, BIN, map and size. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sourcesOf } from "./asc.ts";
import { type Board, boardFolder, chipFolders, loadBoard } from "./board.ts";
import { choose, type ChoiceName } from "./choices.ts";
import { assertConstant } from "./constant.ts";
import { buildDay } from "./day.ts";
import { digest, exclusively, filesBelow, isFresh } from "./cache.ts";
import { GUEST_UNIT, makeFirmware, ownUnit } from "./firmware.ts";
import { buildGuest } from "./guest.ts";
import type { Image } from "./image.ts";
import { BUILD } from "./root.ts";
import { disassemble } from "./listing.ts";
import { run } from "./run.ts";
import { sbom } from "./sbom.ts";
import { measure, type Size } from "./size.ts";

export interface Built {
  readonly board: string;
  readonly image: Image;
  readonly choices: readonly ChoiceName[];
  readonly folder: string;
  readonly elf: string;
  readonly hex: string;
  readonly bin: string;
  readonly map: string;
  readonly wasm: string;
  /** The bill of materials, CycloneDX in JSON. */
  readonly sbom: string;
  readonly size: Size;
}

export interface Request {
  readonly board: string;
  readonly image: Image;
  /** The parts that the image leaves out, or does in less flash; none by default. */
  readonly choices?: readonly ChoiceName[];
  /** Folder for outputs; `build` in the working tree by default. */
  readonly out?: string;
  /** Changes to the board's data, for tests of the build itself. */
  readonly change?: Partial<Board>;
}

/** Everything but the guest's sources that decides the bytes of an image. */
function toolInputs(board: Board, boardName: string): string[] {
  return filesBelow(
    "boards/common",
    ...chipFolders(board),
    boardFolder(boardName),
    "linker",
    "tools/firmware",
    "tools/facts",
  );
}

/** Build one image, or return the existing one if its inputs have not changed. */
export async function buildImage(request: Request): Promise<Built> {
  const { board: boardName, image, choices = [] } = request;
  const { name, entry, main, adapt = (board) => board } = image;
  const board = choose(adapt({ ...(await loadBoard(boardName)), ...request.change }), choices);
  const folder = join(request.out ?? BUILD, boardName, [name, ...choices].join("+"));
  const at = (file: string): string => join(folder, file);
  return exclusively(`${folder}.lock`, async () => {
    mkdirSync(folder, { recursive: true });
    const compiler = await run("arm-none-eabi-gcc", ["--version"]);
    const inputs = [...toolInputs(board, boardName), ...sourcesOf(image), main];
    const wanted = digest([JSON.stringify(board), String(buildDay()), entry, main, name, compiler], inputs);
    if (!isFresh(at("stamp"), wanted) || !existsSync(at("signet.elf"))) {
      rmSync(at("stamp"), { force: true });
      const { linear } = await buildGuest(board, image, folder);
      await makeFirmware(board, boardName, folder, linear, [GUEST_UNIT, ownUnit(main)]);
      const listing = await disassemble(at("signet.elf"));
      await assertConstant(at("signet.elf"), listing);
      const size = await measure(at("signet.elf"), listing, at("signet.map"), linear);
      writeFileSync(at("signet.cdx.json"), await sbom(folder, boardName, name));
      writeFileSync(at("size.json"), `${JSON.stringify(size, null, 2)}\n`);
      writeFileSync(at("stamp"), wanted);
    }
    const size = JSON.parse(readFileSync(at("size.json"), "utf8")) as Size;
    const file = (kind: string): string => at(`signet.${kind}`);
    return {
      board: boardName,
      image,
      choices,
      folder,
      elf: file("elf"),
      hex: file("hex"),
      bin: file("bin"),
      map: file("map"),
      wasm: file("wasm"),
      sbom: file("cdx.json"),
      size,
    };
  });
}
