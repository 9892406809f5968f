/**
 * The reason why a program of one's own has no verified report, from its console, its memory and its core. `tests/export`
 * plants each of the faults.
 */
import type { Emulator } from "../emulator/qemu.ts";
import { LINK_CAUSES } from "../facts/device.ts";
import { run } from "../firmware/run.ts";
import { symbols } from "../firmware/symbols.ts";
import { inWords } from "../flash/events.ts";
import { Trouble } from "../trouble.ts";

/** The variable of `signet_port.c.in` that points to the name of a function without a body. */
const MISSING = "signet_port_missing";
const NAME_MOST = 64;
/** Interval between two looks. */
const LOOK_MS = 1_000;
/** Lost bytes of the module in a row that are no coincidence. */
const GARBLED = 2;
/** A pause after faults in which nothing can come. */
const LONG_MS = 600_000;

/** The place of a core, as its debug data name it. */
async function place(elf: string, address: number): Promise<string> {
  const answer = await run("arm-none-eabi-addr2line", ["-f", "-s", "-e", elf, `0x${address.toString(16)}`]);
  const [name, line] = answer.trim().split("\n");
  return `${name} (${line})`;
}

/** The function of the port that was called without a body. */
async function missing(elf: string, device: Emulator): Promise<string | undefined> {
  const find = await symbols(elf);
  let address: number;
  try {
    address = find(MISSING).address;
  } catch {
    return undefined;
  }
  const gdb = await device.debug();
  try {
    const text = (await gdb.read(address, 4)).readUInt32LE();
    if (text === 0) return undefined;
    const name = (await gdb.read(text, NAME_MOST)).toString("latin1");
    return /^\w+(?=\0)/.exec(name)?.[0];
  } finally {
    await gdb.detach();
  }
}

async function stuck(elf: string, device: Emulator, silentMs: number): Promise<Trouble> {
  const gdb = await device.debug();
  const at = await gdb.counter();
  await gdb.detach();
  return new Trouble(
    `no line of Signet in ${silentMs / 1000} s; the core is in ${await place(elf, at)}`,
    "signet_init and signet_poll must be called, signet_port_clock_ms must count, and signet_port_console_write print",
  );
}

/** True if the last faults of the link, as many as `GARBLED`, are answers that are none: `assembly/link/fault.ts`. */
function isGarbled(device: Emulator): boolean {
  const faults = device.events.filter(({ name }) => name === "link-fault").slice(-GARBLED);
  return faults.length === GARBLED && faults.every(({ data }) => (data[1]! & 15) === LINK_CAUSES.garbage[0]);
}

/** The event before a pause that is longer than any wait for a report. */
function resting({ events }: Emulator): Trouble | undefined {
  const at = events.findIndex(({ name, data }) => name === "resting" && data.readUInt32BE() >= LONG_MS);
  if (at < 0) return undefined;
  const cause = events[at - 1] && inWords(events[at - 1]!);
  return new Trouble(
    `${cause ?? "the device ended"}; it pauses for ${events[at]!.data.readUInt32BE() / 60_000} minutes`,
    "signet_port.h has what the functions of the port must do",
  );
}

/** Look once; return the reason if there is evidence of one. */
async function look(elf: string, device: Emulator): Promise<Trouble | undefined> {
  if (device.lines.some((line) => /^AT[+\r]?/.test(line)))
    return new Trouble(
      "commands for the module came on the console's serial port",
      "exchange --module-uart and --console-uart, or the two in your port",
    );
  if (isGarbled(device))
    return new Trouble(
      "bytes of the module were lost, again and again",
      "receive by interrupt into a queue of at least 256 bytes, and call signet_poll at least each 20 ms",
    );
  if (device.events.length > 0) return resting(device);
  const name = await missing(elf, device);
  if (name === undefined) return undefined;
  return new Trouble(
    `${name} has no body yet`,
    "write it in your copy of signet_port.c.in; signet_port.h has its contract",
  );
}

/** Reject as soon as there is evidence of a fault of the program: no line of Signet in `silentMs` is one. */
export async function watch(elf: string, device: Emulator, silentMs: number): Promise<never> {
  const started = performance.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref());
    if (!device.running) await new Promise(() => undefined);
    const trouble = await look(elf, device);
    if (trouble) throw trouble;
    if (device.events.length === 0 && performance.now() - started >= silentMs) throw await stuck(elf, device, silentMs);
  }
}
