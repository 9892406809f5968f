/** A bare board in QEMU: nothing in its flash, stopped, waiting for a programmer at a gdb server. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { loadBoard } from "../firmware/board.ts";
import { Trouble } from "../trouble.ts";
import { serialPorts } from "./qemu.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface BareOptions {
  readonly board: string;
  /** Address of the gdb server, which takes the place of the probe. */
  readonly gdb: Place;
  /** Address of the console; a board with its console on the probe has none. */
  readonly console?: Place | undefined;
  /** The module on the other end of its UART; it is asked again until it is there. */
  readonly module?: Place | undefined;
}

export interface Bare {
  /** Resolve when QEMU ended by itself, with its output. */
  readonly over: Promise<string>;
  /** End it, as pulling the power does. */
  kill(): Promise<void>;
}

const START_MS = 10_000;

/** Start it; resolves when its gdb server listens. Its flash lasts as long as it runs. */
export async function startBare(options: BareOptions): Promise<Bare> {
  const board = await loadBoard(options.board);
  if (!board.qemu)
    throw new Trouble(`QEMU has no machine for ${options.board}`, "boards/README.md lists the emulated boards");
  const { gdb, console: terminal, module } = options;
  const socket = (id: string, { host, port }: Place, more: string): string =>
    `socket,id=${id},host=${host},port=${port},nodelay=on,${more}`;
  const args = ["-nographic", "-monitor", "none", "-nodefaults", "-S", "-M", board.qemu.machine];
  args.push("-gdb", `tcp:${gdb.host}:${gdb.port}`);
  args.push("-chardev", module ? socket("module", module, "reconnect=1") : "null,id=module");
  if (board.qemu.consoleBySemihosting) {
    args.push("-semihosting-config", "enable=on,target=gdb");
  } else {
    args.push("-chardev", terminal ? socket("console", terminal, "server=on,wait=off") : "null,id=console");
    args.push("-semihosting-config", "enable=on,target=native,arg=signet,arg=entropy=/dev/urandom");
  }
  args.push(...serialPorts(board.qemu));
  const child = spawn("qemu-system-arm", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-10_000)));
  const over = new Promise<string>((resolve) => child.once("close", () => resolve(said.trim())));
  await once(child, "spawn").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new Trouble("qemu-system-arm is not installed", "apt-get install qemu-system-arm");
  });
  await Promise.race([listening(gdb), over.then((text) => Promise.reject(refused(text, options)))]).catch((error) => {
    child.kill("SIGKILL");
    throw error;
  });
  return { over, kill: () => kill(child, over) };
}

function refused(text: string, { gdb }: BareOptions): Trouble {
  const last = text.split("\n").at(-1) ?? "";
  return new Trouble(`QEMU ended: ${last}`, `is port ${gdb.port} free, and that of the console?`);
}

/**
 * Wait until something listens at a port of this machine, without connecting: a connection to QEMU's gdb server is a debugger
 * that comes and goes, and its going starts the machine.
 */
async function listening({ port }: Place): Promise<void> {
  const wanted = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} \\S+ 0A `);
  for (const until = Date.now() + START_MS; Date.now() < until;) {
    const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFileSync(path, "latin1"));
    if (tables.some((table) => wanted.test(table))) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`QEMU does not listen on port ${port}`);
}

async function kill(child: ChildProcess, over: Promise<unknown>): Promise<void> {
  child.kill("SIGKILL");
  await over;
}
