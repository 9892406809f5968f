/** Boards by pyOCD: 0.13 (Debian 12) has a program for each task, later releases have one program with subcommands. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Probed } from "../firmware/board.ts";
import { present } from "../packages.mjs";
import { Trouble } from "../trouble.ts";
import { mismatch } from "./gdb_server.ts";
import * as hex from "./hex.ts";
import type { Segment } from "./hex.ts";
import { size } from "./image.ts";
import type { Probe, Progress } from "./probe.ts";
import { start, type Said } from "./program.ts";

const PACKAGE = "python3-pyocd";
const NOT_PLUGGED =
  /no connected debug probes|no debug probe connected|no available debug probes|waiting for a debug probe/i;

type CommandLine = readonly [program: string, ...args: string[]];

/** The command lines of a release. */
interface Release {
  readonly probes: CommandLine;
  readonly targets: CommandLine;
  write(target: string, file: string): CommandLine;
  save(target: string, address: string, bytes: number, file: string): CommandLine;
  reset(target: string): CommandLine;
  readonly server: string;
}

const SUBCOMMANDS: Release = {
  probes: ["pyocd", "list"],
  targets: ["pyocd", "list", "--targets"],
  write: (target, file) => ["pyocd", "load", "-W", "-t", target, "-e", "sector", file],
  save: (target, address, bytes, file) => {
    return ["pyocd", "commander", "-W", "-t", target, "-c", `savemem ${address} ${bytes} ${file}`];
  },
  reset: (target) => ["pyocd", "reset", "-W", "-t", target],
  server: "pyocd gdbserver -S",
};

const PROGRAMS: Release = {
  probes: ["pyocd-flashtool", "--list"],
  targets: ["pyocd-flashtool", "--help"],
  write: (target, file) => ["pyocd-flashtool", "-t", target, "--sector_erase", "--hide_progress", file],
  save: (target, address, bytes, file) => ["pyocd-tool", "-t", target, "savemem", address, String(bytes), file],
  reset: (target) => ["pyocd-tool", "-t", target, "reset"],
  server: "pyocd-gdbserver -S -G",
};

/** Find the installed release; undefined if there is none. */
export function release(): Release | undefined {
  return present("pyocd") ? SUBCOMMANDS : present("pyocd-flashtool") ? PROGRAMS : undefined;
}

/** True if a probe known to pyOCD is connected. */
export async function isPlugged(): Promise<boolean> {
  const [program, ...args] = (release() ?? SUBCOMMANDS).probes;
  const { code, text } = await start(program, args, PACKAGE).over;
  return code === 0 && !NOT_PLUGGED.test(text);
}

function trouble({ text }: Said): Trouble {
  if (NOT_PLUGGED.test(text))
    return new Trouble("pyOCD finds no probe", "connect a CMSIS-DAP probe, and check its udev rules");
  const line = text.split("\n").findLast((said) => /error|exception/i.test(said)) ?? text.trim().split("\n").at(-1);
  return new Trouble(
    `pyOCD: ${line || "ended without a message"}`,
    "check power and wires, then run the command again",
  );
}

/** Get ready. */
export async function open(data: Probed): Promise<Probe> {
  if (data.pyocd === undefined)
    throw new Trouble("pyOCD does not know this board's chip", "give --probe openocd, or gdb://host:port");
  return new PyOcd(data.pyocd, release() ?? SUBCOMMANDS);
}

class PyOcd implements Probe {
  readonly name = "pyOCD";
  private child: ChildProcess | undefined;

  constructor(
    private readonly target: string,
    private readonly release: Release,
  ) {}

  private async run([program, ...args]: CommandLine): Promise<void> {
    const { child, over } = start(program, args, PACKAGE, (text) => {
      // `pyocd-tool` would wait for one for ever.
      if (NOT_PLUGGED.test(text)) child.kill("SIGTERM");
    });
    this.child = child;
    const said = await over;
    this.child = undefined;
    // Some of its commands end with code 0 although there was no probe.
    if (said.code !== 0 || NOT_PLUGGED.test(said.text)) throw trouble(said);
  }

  async write(segments: readonly Segment[], progress: Progress): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "signet-pyocd-"));
    try {
      const file = join(folder, "image.hex");
      writeFileSync(file, hex.write(segments), { mode: 0o600 });
      await this.run(this.release.write(this.target, file));
      for (const { address, bytes } of segments) {
        const at = mismatch(await this.read(address, bytes.length), bytes);
        if (at === undefined) continue;
        const place = `0x${(address + at).toString(16)}`;
        throw new Trouble(`the chip does not hold the written bytes at ${place}`, "run the command again");
      }
      progress(size(segments));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async read(address: number, len: number): Promise<Uint8Array> {
    const folder = mkdtempSync(join(tmpdir(), "signet-pyocd-"));
    try {
      const file = join(folder, "memory.bin");
      await this.run(this.release.save(this.target, `0x${address.toString(16)}`, len, file));
      return readFileSync(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  reset(): Promise<void> {
    return this.run(this.release.reset(this.target));
  }

  listen(): Promise<void> {
    const server = `${this.release.server} -t ${this.target}`;
    return Promise.reject(
      new Trouble(
        "pyOCD's tools do not print a chip's output",
        `run \`${server}\` and give --probe gdb://localhost:3333`,
      ),
    );
  }

  lock(): Promise<void> {
    return Promise.reject(new Trouble("only OpenOCD can lock a chip", "give --probe openocd"));
  }

  close(): void {
    this.child?.kill("SIGTERM");
  }
}
