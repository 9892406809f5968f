/** Start a board in QEMU and watch its console. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Board, type Emulated, loadBoard, type Store } from "../firmware/board.ts";
import { moduleArguments } from "../firmware/modules.ts";
import { ROOT } from "../firmware/root.ts";
import { Gdb } from "../gdb/gdb.ts";
import { Trouble } from "../trouble.ts";
import type { Cut } from "./rp2040/flash.ts";
import type { MachineOptions } from "./rp2040/options.ts";
import type { TraceOptions } from "./rp2040/trace.ts";

/** Address of the module on the board's UART0. */
export type ModuleLink =
  /** QEMU connects to a TCP server, the emulated module or a bridge. */
  | { readonly tcp: { readonly host: string; readonly port: number } }
  /** QEMU connects to a server on a unix socket. */
  | { readonly unix: string }
  /** QEMU listens itself and `uart` below is the other end. */
  | "here"
  /** Nothing is connected. */
  | "none";

/** The part of a board's data that the emulator needs. */
export type Machine = Pick<Board, "qemu" | "rp2040js" | "store">;

/** The rate of the UARTs of all boards. */
const BAUD = 115_200;

export interface Options {
  /** The name of a board, or the machine that runs a program of one's own. */
  readonly board: string | Machine;
  readonly elf: string;
  readonly module?: ModuleLink;
  /** The file that is the board's flash; made, all erased, if it does not exist. Without it flash lives as long as QEMU. */
  readonly flash?: string;
  /** The source of the firmware's noise; `/dev/urandom` by default. */
  readonly entropy?: string;
  /** Count instructions: one is a nanosecond of the device's time, independent of the host. */
  readonly icount?: boolean;
  /** Without semihosting there is no entropy on boards that have none of their own. */
  readonly semihosting?: boolean;
  /** Kill after this many milliseconds; 0: never. */
  readonly timeoutMs?: number;
  /** Leave the machine before its first instruction: a debugger lets it go. Boards whose flash QEMU forgets only. */
  readonly halted?: boolean;
  /** More arguments for QEMU. */
  readonly args?: readonly string[];
  /** Trace options; on the pico only. */
  readonly trace?: TraceOptions;
  /** When power goes, at a flash operation; on the pico. */
  readonly cut?: Cut;
  /** Let the chip choose the rate of the module's UART, which `baud` of the emulator tells; on the pico. */
  readonly anyBaud?: boolean;
}

/** A line `@ name hex` of the console. */
export interface DeviceEvent {
  readonly name: string;
  readonly data: Buffer;
}

/** The console line of an event, or undefined if the line is not one. */
export function parseEvent(line: string): DeviceEvent | undefined {
  const match = /^@ ([a-z0-9-]+)(?: ((?:[0-9a-f]{2})+))?$/.exec(line);
  return match ? { name: match[1] ?? "", data: Buffer.from(match[2] ?? "", "hex") } : undefined;
}

/**
 * Write a flash file for a board: all erased except the factory page at its start. A device that already has one loses its
 * data.
 */
export async function writeFlash(path: string, boardName: string, factoryPage: Uint8Array): Promise<void> {
  const board = await loadBoard(boardName);
  const bytes = Buffer.alloc(board.store.pageBytes * board.store.pages, 0xff);
  bytes.set(factoryPage.subarray(0, board.store.pageBytes));
  writeFileSync(path, bytes);
}

/** Make an erased flash of `bytes` at `path`, unless one is there: every bit set. */
function makeFlash(path: string, bytes: number, machineBytes: number): void {
  if (!existsSync(path)) writeFileSync(path, Buffer.alloc(bytes, 0xff));
  if (statSync(path).size < bytes)
    throw new Trouble(`${path} is not a flash of this board`, "remove it, or name another file");
  if (statSync(path).size < machineBytes) truncateSync(path, machineBytes);
}

/** The file that is the board's flash. */
interface Flash {
  readonly path: string;
  readonly store: Store;
  /** QEMU itself does not keep it: it is put back at the start and saved at the end. */
  readonly bySnapshot: boolean;
}

const GDB_TRIES = 20;
const THREAD_TRIES = 20;

/** A running board. Emits `event` (DeviceEvent), `line` (string) and `exit` (code). */
export class Emulator extends EventEmitter<{ event: [DeviceEvent]; line: [string]; exit: [number | null] }> {
  /** All console lines so far. */
  readonly lines: string[] = [];
  /** All events so far. */
  readonly events: DeviceEvent[] = [];
  /** Output of QEMU itself. */
  complaint = "";
  /** The rate of the module's UART, with `anyBaud`. */
  baud = BAUD;
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly timer: NodeJS.Timeout | undefined;
  private readonly flash: Flash | undefined;
  private socket: Socket | undefined;
  private rest = "";
  private ended = false;

  constructor(child: ChildProcess, folder: string, timeoutMs: number, flash?: Flash) {
    super();
    this.child = child;
    this.folder = folder;
    this.flash = flash;
    this.timer = timeoutMs > 0 ? setTimeout(() => void this.kill(), timeoutMs) : undefined;
    child.stdout?.setEncoding("latin1").on("data", (text: string) => this.hear(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.complaint += text));
    child.on("message", ({ baud }: { baud: number }) => void (this.baud = baud));
    child.on("close", (code) => {
      this.ended = true;
      clearTimeout(this.timer);
      rmSync(folder, { recursive: true, force: true });
      this.emit("exit", code);
    });
  }

  private hear(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const raw of lines) {
      const line = raw.replace(/\r$/, "");
      this.lines.push(line);
      this.emit("line", line);
      const event = parseEvent(line);
      if (event) {
        this.events.push(event);
        this.emit("event", event);
      }
    }
  }

  /** The emulator's process id. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** True if it still runs. */
  get running(): boolean {
    return !this.ended;
  }

  /** Wait for an event, counted from the start or from `after` events on; rejects if the board ends or time runs out first. */
  waitFor(name: string, timeoutMs = 10_000, after = 0): Promise<DeviceEvent> {
    const there = this.events.slice(after).find((event) => event.name === name);
    if (there) return Promise.resolve(there);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        stop();
        reject(new Error(`no event "${name}": ${why}\n${this.lines.slice(-10).join("\n")}\n${this.complaint}`));
      };
      const onEvent = (event: DeviceEvent): void => {
        if (event.name !== name) return;
        stop();
        resolve(event);
      };
      const onExit = (): void => fail("the emulator ended");
      const timer = setTimeout(() => fail(`${timeoutMs} ms went by`), timeoutMs);
      const stop = (): void => {
        clearTimeout(timer);
        this.off("event", onEvent);
        this.off("exit", onExit);
      };
      this.on("event", onEvent);
      this.on("exit", onExit);
      if (this.ended) onExit();
    });
  }

  /** Connect to the board's UART0: QEMU waits for it before it does anything else. */
  async connect(): Promise<void> {
    for (let tries = 0; this.running && tries < 500; tries++) {
      const socket = connect(join(this.folder, "uart"));
      try {
        await once(socket, "connect");
        this.socket = socket;
        return;
      } catch {
        await new Promise((done) => setTimeout(done, 10));
      }
    }
    throw new Error(`the board's UART cannot be reached\n${this.complaint}`);
  }

  /** The other end of the board's UART0, when it was started with `module: "here"`. */
  uart(): Promise<Socket> {
    if (!this.socket) throw new Error("the board's UART is connected to something else");
    return Promise.resolve(this.socket);
  }

  /** Stop the machine and connect to QEMU's gdb server; `detach` lets it continue. */
  async debug(): Promise<Gdb> {
    for (let tries = 0; this.running && tries < 500; tries++) {
      try {
        return await Gdb.attach(join(this.folder, "gdb"));
      } catch {
        await new Promise((done) => setTimeout(done, 10));
      }
    }
    if (!this.running)
      throw new Trouble(
        `QEMU ended: ${this.complaint.trim().split("\n")[0]}`,
        "`qemu-system-arm -M help` lists its machines",
      );
    throw new Error(`QEMU's gdb server cannot be reached\n${this.complaint}`);
  }

  /**
   * Stop the machine in thread mode. A fault that is planted while the core handles an interrupt is another fault: it meets
   * the stack of handlers, and it can lock the core up.
   */
  async debugThread(): Promise<Gdb> {
    for (let tries = 1; ; tries++) {
      const gdb = await this.debug();
      if ((await gdb.exception()) === 0) return gdb;
      await gdb.detach();
      if (tries === THREAD_TRIES) throw new Error(`the board was in a handler ${tries} times of ${tries}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Restore the contents of a flash file, before the machine's first instruction. */
  async restore(halted: boolean): Promise<void> {
    if (!this.flash?.bySnapshot) return;
    const { path, store } = this.flash;
    const bytes = readFileSync(path).subarray(0, store.pageBytes * store.pages);
    await this.stopped(async (gdb) => {
      await gdb.write(store.origin, bytes);
      if (halted) gdb.close();
      else await gdb.detach();
    });
  }

  /** The store's bytes as they are now; there must be a flash file. */
  async store(): Promise<Uint8Array> {
    if (!this.flash) throw new Error("the board was started without a flash file");
    const { path, store, bySnapshot } = this.flash;
    const bytes = store.pageBytes * store.pages;
    if (!bySnapshot) return readFileSync(path).subarray(0, bytes);
    return this.stopped(async (gdb) => {
      const read = await gdb.read(store.origin, bytes);
      await gdb.detach();
      return read;
    });
  }

  /** Save the contents of the chip's flash. */
  private async save({ path, store }: Flash): Promise<void> {
    const bytes = await this.stopped((gdb) => gdb.read(store.origin, store.pageBytes * store.pages));
    writeFileSync(`${path}.new`, bytes);
    renameSync(`${path}.new`, path);
  }

  /** Do something with the machine stopped. QEMU drops a client that comes while it still parts from the last: try again. */
  private async stopped<T>(task: (gdb: Gdb) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const gdb = await this.debug();
      try {
        return await task(gdb);
      } catch (error) {
        if (tries === GDB_TRIES || !this.running) throw error;
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  }

  /** End it at once, as a cut of power does; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.ended) return;
    if (this.flash?.bySnapshot)
      await this.save(this.flash).catch((error: unknown) => (this.complaint += String(error)));
    if (this.ended) return;
    const gone = once(this, "exit");
    this.child.kill("SIGKILL");
    await gone;
  }
}

function chardev(link: ModuleLink, folder: string): string {
  if (link === "none") return "null,id=module";
  if (link === "here") return `socket,id=module,path=${join(folder, "uart")},server=on,wait=on`;
  if ("unix" in link) return `socket,id=module,path=${link.unix}`;
  return `socket,id=module,host=${link.tcp.host},port=${link.tcp.port},nodelay=on`;
}

/** Give the machine's serial ports the character devices `module` and `console`. */
export function serialPorts({ serials, consoleBySemihosting }: Emulated): string[] {
  const { module, console: terminal } = serials ?? { module: 0, console: 1 };
  const ports = Array.from({ length: Math.max(module, terminal) + 1 }, (_, port) => {
    if (port === module) return "chardev:module";
    return port === terminal && !consoleBySemihosting ? "chardev:console" : "null";
  });
  return ports.flatMap((port) => ["-serial", port]);
}

/** Start the board's image in rp2040js, in a separate process. */
async function startPico(options: Options, board: Machine): Promise<Emulator> {
  const folder = mkdtempSync(join(tmpdir(), "signet-pico-"));
  const storeBytes = board.store.pageBytes * board.store.pages;
  const flash = options.flash ?? join(folder, "flash");
  makeFlash(flash, storeBytes, storeBytes);
  const link = options.module ?? "none";
  const module =
    link === "here" ? { listen: join(folder, "uart") } : link !== "none" && "tcp" in link ? link.tcp : link;
  const machine: MachineOptions = {
    elf: options.elf,
    store: board.store,
    baud: BAUD,
    ...(options.anyBaud && { anyBaud: true }),
    ...(module !== "none" && { module }),
    flash,
    entropy: options.entropy ?? "/dev/urandom",
    ...(options.trace && { trace: options.trace }),
    ...(options.cut && { cut: options.cut }),
  };
  const args = [...moduleArguments("tools/emulator/rp2040/main"), JSON.stringify(machine)];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  const emulator = new Emulator(child, folder, options.timeoutMs ?? 120_000, {
    path: flash,
    store: board.store,
    bySnapshot: false,
  });
  if (link === "here") await emulator.connect();
  return emulator;
}

/** Start the board's image in QEMU, or in the board's other emulator. */
export async function startEmulator(options: Options): Promise<Emulator> {
  const board = typeof options.board === "string" ? await loadBoard(options.board) : options.board;
  if (board.rp2040js) return startPico(options, board);
  if (!board.qemu)
    throw new Trouble(`QEMU has no machine for ${String(options.board)}`, "boards/README.md lists the emulated boards");
  const folder = mkdtempSync(join(tmpdir(), "signet-qemu-"));
  const args = ["-nographic", "-monitor", "none", "-nodefaults", "-kernel", options.elf];
  const machine = [board.qemu.machine];
  const storeBytes = board.store.pageBytes * board.store.pages;
  const { storeBySnapshot: bySnapshot = false } = board.qemu;
  const path = options.flash ?? (bySnapshot ? join(folder, "flash") : undefined);
  const flash = path === undefined ? undefined : { path, store: board.store, bySnapshot };
  args.push("-chardev", `socket,id=gdb,path=${join(folder, "gdb")},server=on,wait=off`, "-gdb", "chardev:gdb");
  if (flash?.bySnapshot) {
    makeFlash(flash.path, storeBytes, storeBytes);
    args.push("-S");
  }
  if (options.flash !== undefined && board.qemu.storeRam !== undefined) {
    const bytes = Number.parseInt(board.qemu.storeRam, 10) * 1024 * 1024;
    makeFlash(options.flash, storeBytes, bytes);
    args.push("-object", `memory-backend-file,id=store,size=${bytes},mem-path=${options.flash},share=on`);
    machine.push("memory-backend=store");
  }
  args.push("-M", machine.join(","));
  args.push("-chardev", chardev(options.module ?? "none", folder), "-chardev", "stdio,id=console,signal=off");
  args.push(...serialPorts(board.qemu));
  if (options.semihosting ?? true) {
    const entropy = options.entropy ?? "/dev/urandom";
    const output = board.qemu.consoleBySemihosting ? ",chardev=console" : "";
    args.push("-semihosting-config", `enable=on,target=native${output},arg=signet,arg=entropy=${entropy}`);
  }
  if (options.icount) args.push("-icount", "shift=0,sleep=off");
  args.push(...(options.args ?? []));
  const child = spawn("qemu-system-arm", args, { stdio: ["ignore", "pipe", "pipe"] });
  const emulator = new Emulator(child, folder, options.timeoutMs ?? 120_000, flash);
  await once(child, "spawn").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new Trouble("qemu-system-arm is not installed", "apt-get install qemu-system-arm");
  });
  if (options.module === "here") await emulator.connect();
  await emulator.restore(options.halted ?? false);
  return emulator;
}
