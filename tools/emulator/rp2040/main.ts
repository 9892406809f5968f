/** The emulator's process: a Pico whose console is standard output. It ends together with its parent. */
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import { load } from "./elf.ts";
import { Flash } from "./flash.ts";
import { bitsOf, Machine } from "./machine.ts";
import type { MachineOptions } from "./options.ts";
import { Trace } from "./trace.ts";

/** The Pico's W25Q16JV. */
const FLASH_BYTES = 2 * 1024 * 1024;
const XIP = 0x1000_0000;

const options = JSON.parse(process.argv[2] ?? "") as MachineOptions;
process.on("disconnect", () => process.exit(0));

/** Reach the module's end of UART0. */
async function reach({ module }: MachineOptions): Promise<Socket | undefined> {
  if (!module) return undefined;
  const socket =
    "listen" in module ? await accept(module.listen) : "unix" in module ? connect(module.unix) : connect(module);
  // The module was disconnected: the board continues.
  socket.on("error", (error) => process.stderr.write(`module: ${error.message}\n`));
  return socket.setNoDelay();
}

function accept(path: string): Promise<Socket> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      server.close();
      resolve(socket);
    });
    server.listen(path);
  });
}

/** Collects bytes that are sent on in one piece. */
class Outbox {
  private bytes: number[] = [];
  readonly put = (byte: number): void => void this.bytes.push(byte);

  flush(write: (bytes: Buffer) => void): void {
    if (this.bytes.length === 0) return;
    write(Buffer.from(this.bytes));
    this.bytes = [];
  }
}

/** The chip's time is never ahead of real time: its computation takes longer here, its waits do not. */
async function live(machine: Machine, flush: () => void): Promise<never> {
  for (;;) {
    const idleNanos = machine.run();
    const since = performance.now();
    flush();
    if (idleNanos === 0) {
      await setImmediate();
      continue;
    }
    if (idleNanos > 1e6) await setTimeout(idleNanos / 1e6);
    else await setImmediate();
    const passed = (performance.now() - since) * 1e6;
    machine.pass(Math.min(passed, idleNanos));
  }
}

const said = new Set<string>();
const flash = new Flash(FLASH_BYTES, options.store, options.flash);
load(flash.bytes, XIP, readFileSync(options.elf));
const socket = await reach(options);
const [up, out] = [new Outbox(), new Outbox()];
const machine = new Machine(
  {
    flash,
    bit: bitsOf(options.entropy),
    ...(options.cut && { cut: options.cut }),
    complain: (what) => {
      if (!said.has(what)) process.stderr.write(`${what}\n`);
      said.add(what);
    },
  },
  {
    toModule: up.put,
    toConsole: out.put,
    baud: options.baud,
    ...(options.anyBaud && { onBaud: (baud: number) => void process.send?.({ baud }) }),
  },
  options.trace && new Trace(options.trace),
);
socket?.on("data", (bytes: Buffer) => machine.receive(bytes));
await live(machine, () => {
  up.flush((bytes) => void socket?.write(bytes));
  out.flush((bytes) => void process.stdout.write(bytes));
});
