/** The same guest and the same C around it, built for the host: for sanitizers, fuzzers and memory checkers. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sourcesOf } from "./asc.ts";
import type { Board } from "./board.ts";
import { digest, exclusively, filesBelow, isFresh } from "./cache.ts";
import { buildGuest } from "./guest.ts";
import type { Image } from "./image.ts";
import { BUILD } from "./root.ts";
import { run } from "./run.ts";

/** Build of the program. */
export interface Kind {
  /** The end of the output folder's name. */
  readonly name: string;
  readonly compiler: string;
  readonly flags: readonly string[];
  /** The C main program, if it is not the image's. */
  readonly main?: string;
  readonly libraries?: readonly string[];
  /** True if the main program includes the guest's unit. */
  readonly holdsGuest?: boolean;
}

/** For a plain run, or under valgrind. */
export const PLAIN: Kind = { name: "plain", compiler: "gcc", flags: ["-O1"] };

export interface HostRequest {
  readonly image: Image;
  readonly kind: Kind;
  /** Compile-time choices, as a board's data has them. */
  readonly use?: Board["use"];
  /** Folder for outputs; `build` in the working tree by default. */
  readonly out?: string;
}

const BOARD_HEADER = `#ifndef BOARD_H_
#define BOARD_H_
#define BOARD_NAME "posix"
#define CLOCK_HZ 0u
#define STORE_PAGE_BYTES 4096u
#define STORE_PAGES 16u
#endif
`;

const GUEST = "boards/common/guest.c";
const SOURCES = [
  "boards/common/trap.c",
  "boards/common/epitaph.c",
  "boards/common/event.c",
  "boards/posix/port_posix.c",
];

/** wasm2c's output has unused names and doubled parentheses by the hundred. */
const WARNINGS = ["-Wall", "-Wextra", "-Wno-unused", "-Wno-unused-parameter", "-Wno-parentheses"];

/** Build the program unless it is there and fresh; returns its path. */
export async function buildHost({ image, kind, use = {}, out = BUILD }: HostRequest): Promise<string> {
  const choices = Object.entries(use).map(([name, value]) => `-D${name}=${value}`);
  const { compiler, flags, main = image.main, libraries = [], holdsGuest = false } = kind;
  const folder = join(out, "posix", [image.name, kind.name, ...choices.map((choice) => choice.slice(2))].join("-"));
  const program = join(folder, "signet");
  return exclusively(`${folder}.lock`, async () => {
    const tools = filesBelow("boards/common", "boards/posix", "tools/firmware", dirname(main));
    const inputs = [...sourcesOf(image), ...tools];
    const wanted = digest([image.entry, JSON.stringify(kind), ...choices, await run(compiler, ["--version"])], inputs);
    const stamp = join(folder, "stamp");
    if (isFresh(stamp, wanted) && existsSync(program)) return program;
    rmSync(stamp, { force: true });
    mkdirSync(folder, { recursive: true });
    await buildGuest({ use }, image, folder);
    writeFileSync(join(folder, "board.h"), BOARD_HEADER);
    const includes = [`-I${folder}`, "-Iboards/posix", "-Iboards/common"];
    const sources = [...(holdsGuest ? [] : [GUEST]), ...SOURCES, main];
    await run(compiler, [
      ...WARNINGS,
      "-std=gnu11",
      "-g1",
      ...flags,
      ...choices,
      ...includes,
      ...sources,
      ...libraries,
      "-o",
      program,
    ]);
    writeFileSync(stamp, wanted);
    return program;
  });
}
