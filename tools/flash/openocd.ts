/** Boards by OpenOCD 0.12: every command line it is given. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Probed } from "../firmware/board.ts";
import { Trouble } from "../trouble.ts";
import * as hex from "./hex.ts";
import type { Segment } from "./hex.ts";
import { size } from "./image.ts";
import type { Probe, Progress } from "./probe.ts";
import { start, type Said } from "./program.ts";

/** The adapter's settings for OpenOCD. */
export type Adapter = readonly string[];

const PACKAGE = "openocd";

/** It serves only this program. */
const ALONE = ["-c", "gdb_port disabled; telnet_port disabled; tcl_port disabled"];

/** The adapters that are tried, the most usual on boards like these first. */
// prettier-ignore
const ADAPTERS: readonly Adapter[] = [
  ["-f", "interface/cmsis-dap.cfg", "-c", "transport select swd"],
  ["-f", "interface/stlink.cfg", "-c", "transport select hla_swd"],
  ["-f", "interface/jlink.cfg", "-c", "transport select swd"],
];

/** Its message when no adapter is connected. */
const NOT_PLUGGED = /unable to find|no j-link device found|open failed|no device found/i;

/** Its messages about other faults, and the remedy. The first match is reported. */
// prettier-ignore
const TROUBLES: readonly { readonly says: RegExp; readonly what: string; readonly hint: string }[] = [
  { says: NOT_PLUGGED, what: "OpenOCD finds no probe", hint: "connect a probe (and check its udev rules), or name its script with --adapter" },
  { says: /Can't find (\S+)/, what: "OpenOCD does not find one of its scripts", hint: "check the path given with --adapter; OpenOCD 0.12 has the scripts of every board" },
  { says: /protect(ed|ion)|locked|APPROTECT/i, what: "the chip is locked", hint: "only erasing the whole chip unlocks it, and this erases its key" },
  { says: /Error connecting DP|cannot read IDR|DAP (init|setup) failed|Target not examined|unable to connect|JTAG scan chain interrogation failed/i, what: "the chip does not answer", hint: "check its power and the wires to SWDIO, SWCLK and ground" },
  { says: /checksum mismatch|verify.*fail|contents differ/i, what: "the chip does not hold the written bytes", hint: "run the command again; if it fails again, use another chip" },
];

/** An adapter that a person described with a script. */
export function adapterOf(script: string): Adapter {
  return ["-f", script];
}

/** The first adapter that is plugged in, whether or not the chip behind it answers. */
export async function findAdapter(data: Probed): Promise<Adapter | undefined> {
  for (const adapter of ADAPTERS) {
    const args = [...ALONE, ...adapter, "-f", data.openocd, "-c", "init", "-c", "shutdown"];
    const { text } = await start("openocd", args, PACKAGE).over;
    if (!NOT_PLUGGED.test(text)) return adapter;
  }
  return undefined;
}

/** Translate its output into an error for the user. */
function trouble({ text }: Said): Trouble {
  const known = TROUBLES.find(({ says }) => says.test(text));
  if (known) return new Trouble(known.what, known.hint);
  const line = text.split("\n").findLast((said) => said.startsWith("Error")) ?? text.trim().split("\n").at(-1);
  return new Trouble(
    `OpenOCD: ${line || "ended without a message"}`,
    "run the command again; it starts from the beginning",
  );
}

/** Get ready. Throws Trouble if no adapter is plugged in. */
export async function open(data: Probed, given?: Adapter): Promise<Probe> {
  const adapter = given ?? (await findAdapter(data));
  if (!adapter) throw new Trouble(TROUBLES[0]!.what, TROUBLES[0]!.hint);
  return new OpenOcd(data, adapter);
}

class OpenOcd implements Probe {
  readonly name = "OpenOCD";
  private child: ChildProcess | undefined;

  constructor(
    private readonly data: Probed,
    private readonly adapter: Adapter,
  ) {}

  /** Run commands on the chip, one after the other, then end; a command that fails ends it with an exit code. */
  private async run(...commands: readonly string[]): Promise<Said> {
    const args = ["init", ...commands, "shutdown"].flatMap((command) => ["-c", command]);
    const { child, over } = start("openocd", [...ALONE, ...this.adapter, "-f", this.data.openocd, ...args], PACKAGE);
    this.child = child;
    const said = await over;
    this.child = undefined;
    if (said.code !== 0) throw trouble(said);
    return said;
  }

  async write(segments: readonly Segment[], progress: Progress): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "signet-openocd-"));
    try {
      const file = join(folder, "image.hex");
      writeFileSync(file, hex.write(segments), { mode: 0o600 });
      await this.run("reset halt", `flash write_image erase {${file}}`, `verify_image {${file}}`);
      progress(size(segments));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async read(address: number, len: number): Promise<Uint8Array> {
    const folder = mkdtempSync(join(tmpdir(), "signet-openocd-"));
    try {
      const file = join(folder, "memory.bin");
      await this.run("reset halt", `dump_image {${file}} 0x${address.toString(16)} ${len}`);
      return readFileSync(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async reset(): Promise<void> {
    await this.run("reset run");
  }

  async listen(hear: (text: string) => void, done: Promise<unknown>): Promise<void> {
    const commands = ["init", "reset halt", "arm semihosting enable", "resume"].flatMap((command) => ["-c", command]);
    const args = [...ALONE, ...this.adapter, "-f", this.data.openocd, ...commands];
    const { child, over } = start("openocd", args, PACKAGE, hear);
    this.child = child;
    const ended = over.then((said) => {
      throw trouble(said);
    });
    try {
      await Promise.race([done, ended]);
    } finally {
      child.kill("SIGTERM");
      await over.catch(() => undefined);
    }
  }

  async lock(commands: readonly string[]): Promise<void> {
    await this.run("reset halt", ...commands);
  }

  close(): void {
    this.child?.kill("SIGTERM");
  }
}
