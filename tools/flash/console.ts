/** Lines of a device's console, over any stream. */
import type { Duplex } from "node:stream";
import { openSerial } from "../bridge/bridge.ts";
import { parseEvent, type DeviceEvent } from "../emulator/qemu.ts";
import { Trouble } from "../trouble.ts";
import { idOf } from "./events.ts";

const BAUD = 115_200;
/** A line longer than this is none of ours: it is cut. */
const LINE_MAX = 1024;

/** Cut the input into lines. */
export class Lines {
  private rest = "";

  constructor(private readonly line: (line: string) => void) {}

  take(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = (lines.pop() ?? "").slice(-LINE_MAX);
    for (const line of lines) this.line(line.slice(-LINE_MAX).replace(/\r$/, ""));
  }
}

/** Open a console and read its lines. */
export async function open(path: string, line: (line: string) => void): Promise<Duplex> {
  const stream = await openSerial(path, BAUD);
  const lines = new Lines(line);
  stream.on("data", (bytes: Buffer) => lines.take(bytes.toString("latin1")));
  stream.on("error", () => stream.destroy());
  return stream;
}

/** Events after which a device prints no id: the fault, and the remedy. */
const ENDS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  "no-entropy": [
    "the device has no usable randomness and makes no key",
    "its noise source failed, or it has neither a noise source nor a seed: flash it with --config",
  ],
  "no-storage": [
    "the device's flash does not keep written data",
    "it is worn out or protected, or the board's port is wrong",
  ],
  "identity-lost": [
    "the device's store was written, and no copy of a key can be read from it",
    "--erase makes it a new device; on a new board, the flash may hold data that was never erased",
  ],
};

/** The lines that a device prints at its start, until its id. */
export class FirstWords {
  /**
   * Resolve with the id. Reject with Trouble when the device reports that there will be none, or prints nothing in time.
   */
  readonly id: Promise<string>;
  readonly events: DeviceEvent[] = [];
  private settle!: { resolve: (id: string) => void; reject: (error: Error) => void };

  constructor(private readonly say: (line: string) => void) {
    this.id = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.id.catch(() => undefined);
  }

  readonly hear = (line: string): void => {
    const event = parseEvent(line);
    if (!event) return;
    this.events.push(event);
    this.say(line);
    const id = idOf(event);
    if (id !== undefined) this.settle.resolve(id);
    const end = ENDS[event.name];
    if (end) this.settle.reject(new Trouble(...end));
  };

  /** Give up after this long. */
  within(timeoutMs: number): void {
    setTimeout(() => {
      const heard = this.events.map(({ name }) => name).join(", ");
      const what = heard ? `the device did not print its id; its output: ${heard}` : "the device prints nothing";
      this.settle.reject(
        new Trouble(what, "check the console's address and the power; `signet console` prints all output"),
      );
    }, timeoutMs).unref();
  }

  fail(error: Error): void {
    this.settle.reject(error);
  }
}
