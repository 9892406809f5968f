/** Start a board in QEMU and watch its console. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBoard } from "../build/board.ts";
import { Trouble } from "../trouble.ts";

/** How to reach the module on the board's UART0. */
export type ModuleLink =
  /** QEMU connects to a TCP server, the emulated module or a bridge. */
  | { readonly tcp: { readonly host: string; readonly port: number } }
  /** QEMU connects to a server on a unix socket. */
  | { readonly unix: string }
  /** QEMU listens itself and `uart` below is the other end. */
  | "here"
  /** Nothing is connected. */
  | "none";

export interface Options {
  readonly board: string;
  readonly elf: string;
  readonly module?: ModuleLink;
  /** The file that is the board's flash; made, all erased, if it does not exist. Without it flash lives as long as QEMU. */
  readonly flash?: string;
  /** What the firmware reads noise from; `/dev/urandom` unless said. */
  readonly entropy?: string;
  /** Count instructions: one is a nanosecond of the device's time, whatever the host does. */
  readonly icount?: boolean;
  /** Without semihosting there is no entropy on boards that have none of their own. */
  readonly semihosting?: boolean;
  /** Kill after this many milliseconds; 0: never. */
  readonly timeoutMs?: number;
  /** More arguments for QEMU. */
  readonly args?: readonly string[];
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

/** Make an erased flash of `bytes` at `path`, unless one is there: every bit set. */
function makeFlash(path: string, bytes: number, machineBytes: number): void {
  if (existsSync(path) && statSync(path).size === machineBytes) return;
  const file = openSync(path, "w");
  writeSync(file, Buffer.alloc(bytes, 0xff));
  ftruncateSync(file, machineBytes);
  closeSync(file);
}

/** A running board. Emits `event` (DeviceEvent), `line` (string) and `exit` (code). */
export class Emulator extends EventEmitter<{ event: [DeviceEvent]; line: [string]; exit: [number | null] }> {
  /** All console lines so far. */
  readonly lines: string[] = [];
  /** All events so far. */
  readonly events: DeviceEvent[] = [];
  /** What QEMU itself said. */
  complaint = "";
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly timer: NodeJS.Timeout | undefined;
  private rest = "";
  private ended = false;

  constructor(child: ChildProcess, folder: string, timeoutMs: number) {
    super();
    this.child = child;
    this.folder = folder;
    this.timer = timeoutMs > 0 ? setTimeout(() => void this.kill(), timeoutMs) : undefined;
    child.stdout?.setEncoding("latin1").on("data", (text: string) => this.hear(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.complaint += text));
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

  /** Whether it still runs. */
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

  /** The other end of the board's UART0, when it was started with `module: "here"`. */
  async uart(): Promise<Socket> {
    for (let tries = 0; this.running && tries < 500; tries++) {
      const socket = connect(join(this.folder, "uart"));
      try {
        await once(socket, "connect");
        return socket;
      } catch {
        await new Promise((done) => setTimeout(done, 10));
      }
    }
    throw new Error(`the board's UART can not be reached\n${this.complaint}`);
  }

  /** End it at once, as a cut of power does; resolves when it is gone. */
  async kill(): Promise<void> {
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

/** Start QEMU with the board's image. */
export async function startEmulator(options: Options): Promise<Emulator> {
  const board = await loadBoard(options.board);
  if (!board.qemu)
    throw new Trouble(`QEMU has no machine for ${options.board}`, "boards/README.md lists what runs where");
  const folder = mkdtempSync(join(tmpdir(), "signet-qemu-"));
  const args = ["-nographic", "-monitor", "none", "-nodefaults", "-kernel", options.elf];
  const machine = [board.qemu.machine];
  if (options.flash !== undefined && board.qemu.storeRam !== undefined) {
    const bytes = Number.parseInt(board.qemu.storeRam, 10) * 1024 * 1024;
    makeFlash(options.flash, board.store.pageBytes * board.store.pages, bytes);
    args.push("-object", `memory-backend-file,id=store,size=${bytes},mem-path=${options.flash},share=on`);
    machine.push("memory-backend=store");
  }
  args.push("-M", machine.join(","));
  args.push("-chardev", chardev(options.module ?? "none", folder), "-serial", "chardev:module");
  args.push("-chardev", "stdio,id=console,signal=off");
  if (!board.qemu.consoleBySemihosting) args.push("-serial", "chardev:console");
  if (options.semihosting ?? true) {
    const entropy = options.entropy ?? "/dev/urandom";
    const output = board.qemu.consoleBySemihosting ? ",chardev=console" : "";
    args.push("-semihosting-config", `enable=on,target=native${output},arg=signet,arg=entropy=${entropy}`);
  }
  if (options.icount) args.push("-icount", "shift=0,sleep=off");
  args.push(...(options.args ?? []));
  const child = spawn("qemu-system-arm", args, { stdio: ["ignore", "pipe", "pipe"] });
  const emulator = new Emulator(child, folder, options.timeoutMs ?? 120_000);
  await once(child, "spawn").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new Trouble("qemu-system-arm is not installed", "apt-get install qemu-system-arm");
  });
  return emulator;
}
