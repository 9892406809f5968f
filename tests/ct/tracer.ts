/**
 * The lab's ELF with a witness: `trace.c` in QEMU, `tools/emulator/rp2040/trace.ts` in rp2040js. It gives two hashes of
 * each operation, of its instructions and of its addresses; in rp2040js the cycles of each instruction too.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBoard } from "../../tools/firmware/board.ts";
import { type Built, buildImage } from "../../tools/firmware/build.ts";
import { exclusively } from "../../tools/firmware/cache.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";
import { type Answer, type Lab, elfLab } from "../lab/lab.ts";
import LAB from "../lab/image.ts";

/** The results of one run of an operation. */
export interface Trace {
  readonly answer: Answer;
  readonly instructions: number;
  readonly accesses: number;
  /** Hashes of all instructions' addresses, and of all data addresses with their direction and size; before them, where they are known, the cycles. */
  readonly hash: string;
}

/** An operation of the lab with its fields, some of them secret. */
export interface Request {
  readonly op: number;
  readonly fields: readonly Uint8Array[];
}

/** The functions between which the guest runs. */
export const REGION = ["guest_bare_run", "meter_sample"] as const;

export class Tracer {
  private constructor(
    private readonly lab: Lab,
    private readonly folder: string,
    private readonly elf: string,
    private readonly board: string,
  ) {}

  /** Start the lab of a board, or an ELF with the lab's main program and another guest. */
  static async start(board: string, given?: string, keepEvents = false): Promise<Tracer> {
    const elf = given ?? (await buildImage({ board, image: LAB })).elf;
    const folder = mkdtempSync(join(tmpdir(), "signet-trace-"));
    const [begin, end] = await addresses(elf, REGION);
    const [out, dump] = [join(folder, "hashes"), keepEvents ? join(folder, "events") : undefined];
    const lab = (await loadBoard(board)).rp2040js
      ? await elfLab(board, { elf, trace: { begin, end, out, ...(dump !== undefined && { dump }) } })
      : await elfLab(board, { elf, args: await plugin({ begin, end, out, dump }) });
    return new Tracer(lab, folder, elf, board);
  }

  /** Run one operation and hash what it does. */
  async trace({ op, fields }: Request): Promise<Trace> {
    const answer = await this.lab.run(op, ...fields);
    const line = readFileSync(join(this.folder, "hashes"), "utf8").trimEnd().split("\n").at(-1) ?? "";
    const [instructions, accesses, ...hashes] = line.split(" ");
    return { answer, instructions: Number(instructions), accesses: Number(accesses), hash: hashes.join(" ") };
  }

  /** Return the first difference of two lists of requests that should behave alike, in words. */
  async explain(one: readonly Request[], other: readonly Request[]): Promise<string> {
    const tracer = await Tracer.start(this.board, this.elf, true);
    try {
      for (const { op, fields } of [...one, ...other]) await tracer.lab.run(op, ...fields);
      const found = regions(readFileSync(join(tracer.folder, "events")));
      const [a, b] = [found[one.length - 1], found.at(-1)];
      if (!a || !b) return "the traces were not kept";
      let last = 0;
      for (let i = 0; i < Math.max(a.length, b.length); i += 2) {
        if (a[i] !== b[i] || a[i + 1] !== b[i + 1])
          return `after ${await this.place(last)}: ${event(a, i)} or ${event(b, i)}`;
        if (a[i] === 1) last = a[i + 1] ?? 0;
      }
      return "no difference this time";
    } finally {
      await tracer.close();
    }
  }

  private async place(pc: number): Promise<string> {
    const where = await run("arm-none-eabi-addr2line", ["-f", "-e", this.elf, `0x${pc.toString(16)}`]);
    return `0x${pc.toString(16)} (${where.split("\n")[0]})`;
  }

  async close(): Promise<void> {
    await this.lab.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The events of each region: pairs of kind (1 an instruction, from 2 on an access) and address; kind 0 ends a region. */
function regions(bytes: Buffer): Uint32Array[] {
  const words = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~7)));
  const found: Uint32Array[] = [];
  let start = 0;
  for (let i = 0; i < words.length; i += 2) {
    if (words[i] !== 0) continue;
    found.push(words.subarray(start, i));
    start = i + 2;
  }
  return found;
}

function event(events: Uint32Array, i: number): string {
  const [kind, at] = [events[i], events[i + 1]];
  if (kind === undefined || at === undefined) return "the end";
  const what = kind === 1 ? "the instruction" : kind % 2 === 1 ? "a store" : "a load";
  return `${what} at 0x${at.toString(16)}`;
}

/** QEMU's arguments that load the plugin. */
export async function plugin(given: Record<string, string | number | undefined>): Promise<string[]> {
  const values = Object.entries(given).filter(([, value]) => value !== undefined);
  return ["-plugin", [await compilePlugin(), ...values.map(([name, value]) => `${name}=${value}`)].join(",")];
}

/** The version of the plugin interface that this machine's QEMU demands: 2 since release 9. */
async function pluginVersion(): Promise<number> {
  const said = await run("qemu-system-arm", ["--version"]);
  const release = Number(/version (\d+)\./.exec(said)?.[1]);
  return release >= 9 ? 2 : 1;
}

async function compilePlugin(): Promise<string> {
  const version = await pluginVersion();
  const out = join(ROOT, "build", "ct", `trace_${version}.so`);
  await exclusively(`${out}.lock`, async () => {
    mkdirSync(join(ROOT, "build", "ct"), { recursive: true });
    const flags = [
      "-O2",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-shared",
      "-fPIC",
      "-fvisibility=hidden",
      `-DPLUGIN_VERSION=${version}`,
    ];
    await run("gcc", [...flags, "tests/ct/trace.c", "-o", out]);
  });
  return out;
}

/** The addresses of the two functions that bound a region. */
export async function addresses(elf: string, names: typeof REGION): Promise<[number, number]> {
  const symbols = await run("arm-none-eabi-nm", [elf]);
  const address = (name: string): number => {
    const at = new RegExp(`^([0-9a-f]+) \\w ${name}$`, "m").exec(symbols)?.[1];
    if (at === undefined) throw new Error(`${elf} has no ${name}`);
    return Number.parseInt(at, 16);
  };
  return [address(names[0]), address(names[1])];
}

/** The lab with `tests/lab/guest_planted.ts` in it. */
export function plantedImage(board: string): Promise<Built> {
  return buildImage({
    board,
    image: { ...LAB, entry: "tests/lab/guest_planted.ts" },
    out: join(ROOT, "build", "planted"),
  });
}
