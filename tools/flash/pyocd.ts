/** Boards by pyOCD 0.13, as Debian has it: `pyocd-flashtool` writes, `pyocd-tool` reads back and resets. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Probed } from "../build/board.ts";
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

/** Whether a probe is plugged in that it knows. */
export async function isPlugged(): Promise<boolean> {
  const { code, text } = await start("pyocd-flashtool", ["--list"], PACKAGE).over;
  return code === 0 && !NOT_PLUGGED.test(text);
}

function trouble({ text }: Said): Trouble {
  if (NOT_PLUGGED.test(text))
    return new Trouble(
      "no probe is plugged in that pyOCD knows",
      "plug a CMSIS-DAP probe in, and check its udev rules",
    );
  const line = text.split("\n").findLast((said) => /error|exception/i.test(said)) ?? text.trim().split("\n").at(-1);
  return new Trouble(`pyOCD: ${line || "ended without a word"}`, "check power and wires, then run the command again");
}

/** Get ready. */
export async function open(data: Probed): Promise<Probe> {
  if (data.pyocd === undefined)
    throw new Trouble("pyOCD 0.13 does not know this board's chip", "give --probe openocd, or gdb://host:port");
  return new PyOcd(data.pyocd);
}

class PyOcd implements Probe {
  readonly name = "pyOCD";
  private child: ChildProcess | undefined;

  constructor(private readonly target: string) {}

  private async run(program: string, ...args: readonly string[]): Promise<void> {
    const { child, over } = start(program, ["-t", this.target, ...args], PACKAGE, (text) => {
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
      await this.run("pyocd-flashtool", "--sector_erase", "--hide_progress", file);
      for (const { address, bytes } of segments) {
        const at = mismatch(await this.read(address, bytes.length), bytes);
        if (at === undefined) continue;
        const place = `0x${(address + at).toString(16)}`;
        throw new Trouble(`the chip does not hold what was written at ${place}`, "run the command again");
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
      await this.run("pyocd-tool", "savemem", `0x${address.toString(16)}`, String(len), file);
      return readFileSync(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  reset(): Promise<void> {
    return this.run("pyocd-tool", "reset");
  }

  listen(): Promise<void> {
    const server = `pyocd-gdbserver -t ${this.target} -S -G`;
    return Promise.reject(
      new Trouble(
        "pyOCD's tools do not show what a chip says",
        `run \`${server}\` and give --probe gdb://localhost:3333`,
      ),
    );
  }

  lock(): Promise<void> {
    return Promise.reject(new Trouble("locking goes through OpenOCD only", "give --probe openocd"));
  }

  close(): void {
    this.child?.kill("SIGTERM");
  }
}
