/** Boards behind a gdb server: QEMU, Black Magic, J-Link, OpenOCD, pyOCD. Each is recognised by its own answers. */
import type { Board } from "../firmware/board.ts";
import { attachTo, type Gdb } from "../gdb/gdb.ts";
import type { FlashRegion } from "../gdb/memory_map.ts";
import { Trouble } from "../trouble.ts";
import { joined, type Segment } from "./hex.ts";
import type { Probe, Progress } from "./probe.ts";

interface Server {
  readonly name: string;
  /** Commands that find and attach the chip. */
  readonly prepare: readonly string[];
  /** The target is attached by its number after that. */
  readonly attaches?: boolean;
  /** The command that resets the chip and leaves it halted; none: see `restart`. */
  readonly reset?: string;
  /** The reset is done some time after it is answered. */
  readonly resetsLater?: boolean;
}

// prettier-ignore
const SERVERS: readonly { readonly asked: string; readonly says: RegExp; readonly server: Server }[] = [
  { asked: "version", says: /black magic/i, server: { name: "Black Magic", prepare: ["swdp_scan"], attaches: true } },
  { asked: "version", says: /open on-chip debugger/i, server: { name: "OpenOCD", prepare: [], reset: "reset halt" } },
  { asked: "info version", says: /^\d+\.\d+\.\d+/, server: { name: "QEMU", prepare: [], reset: "system_reset", resetsLater: true } },
];

/** J-Link and pyOCD do not identify themselves; both accept this reset. */
const OTHER: Server = { name: "gdb server", prepare: [], reset: "reset" };

/** Time from a reset until the core is halted at its entry. */
const RESET_TRIES = 50;
const RESET_PAUSE_MS = 20;

/** Identify the chip. */
async function recognise(gdb: Gdb): Promise<Server> {
  const answers = new Map<string, string | undefined>();
  for (const { asked, says, server } of SERVERS) {
    if (!answers.has(asked)) answers.set(asked, await gdb.monitor(asked));
    if (says.test(answers.get(asked)?.trim() ?? "")) return server;
  }
  return OTHER;
}

/** Connect, find the chip, halt it. Throws Trouble. */
export async function open(where: { readonly host: string; readonly port: number }, board: Board): Promise<Probe> {
  const gdb = await attachTo(where);
  try {
    await gdb.greet();
    const server = await recognise(gdb);
    for (const command of server.prepare) {
      const said = await gdb.monitor(command);
      if (said === undefined || /failed|no (targets|usable)/i.test(said))
        throw new Trouble(`${server.name} finds no chip`, "check its power and the wires to SWDIO, SWCLK and ground");
    }
    if (server.attaches) await gdb.attachTarget();
    return new GdbProbe(gdb, server, where, board, await gdb.flashRegions());
  } catch (error) {
    gdb.close();
    throw trouble(error, where);
  }
}

function trouble(error: unknown, where: { readonly host: string; readonly port: number }): unknown {
  if (error instanceof Trouble || !(error instanceof Error)) return error;
  return new Trouble(
    `gdb://${where.host}:${where.port}: ${error.message}`,
    "restart the server, check the wires, then run the command again: it starts from the beginning and loses nothing",
  );
}

class GdbProbe implements Probe {
  readonly name: string;

  constructor(
    private readonly gdb: Gdb,
    private readonly server: Server,
    private readonly where: { readonly host: string; readonly port: number },
    private readonly board: Board,
    private readonly regions: readonly FlashRegion[],
  ) {
    this.name = `${server.name} at ${where.host}:${where.port}`;
  }

  private async safely<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      this.gdb.close();
      throw trouble(error, this.where);
    }
  }

  write(segments: readonly Segment[], progress: Progress): Promise<void> {
    return this.safely(async () => {
      let written = 0;
      const count = (bytes: number): void => progress((written += bytes));
      const { inFlash, outside } = await this.blocks(segments);
      for (const { address, bytes } of inFlash) await this.gdb.flash(address, bytes, count);
      if (inFlash.length > 0) await this.gdb.flashDone();
      for (const { address, bytes } of outside) await this.gdb.write(address, bytes, count);
      for (const { address, bytes } of segments) {
        const at = mismatch(await this.gdb.read(address, bytes.length), bytes);
        if (at !== undefined) {
          throw new Trouble(
            `the chip does not hold the written bytes at 0x${(address + at).toString(16)}`,
            "run the command again; if it fails again, the flash is protected or worn out",
          );
        }
      }
    });
  }

  read(address: number, len: number): Promise<Uint8Array> {
    return this.safely(() => this.gdb.read(address, len));
  }

  /**
   * Make whole blocks where the server reports flash. The rest of a block is read first and written again: a page of the store
   * may share a large sector with others.
   */
  private async blocks(segments: readonly Segment[]): Promise<{ inFlash: Segment[]; outside: Segment[] }> {
    const inFlash = new Map<number, Buffer>();
    const outside: Segment[] = [];
    for (const { address, bytes } of segments) {
      for (let at = 0; at < bytes.length;) {
        const here = address + at;
        const region = this.regions.find(({ start, bytes: size }) => here >= start && here < start + size);
        const next = this.regions.find(({ start }) => start > here)?.start ?? Infinity;
        const block = region ? here - ((here - region.start) % region.blockBytes) : here;
        const end = Math.min(region ? block + region.blockBytes : next, address + bytes.length);
        const part = bytes.subarray(at, end - address);
        if (region) {
          const content = inFlash.get(block) ?? (await this.gdb.read(block, region.blockBytes));
          content.set(part, here - block);
          inFlash.set(block, content);
        } else outside.push({ address: here, bytes: part });
        at += part.length;
      }
    }
    return { inFlash: joined([...inFlash].map(([address, bytes]) => ({ address, bytes }))), outside };
  }

  /** Leave the core halted where a reset puts it. */
  private async restart(): Promise<void> {
    const { reset } = this.server;
    // Black Magic has no command for it: its client asks for a run from the start.
    if (reset === undefined) await this.gdb.runAnew();
    else if ((await this.gdb.monitor(reset)) === undefined) throw new Error(`it does not know "monitor ${reset}"`);
    if (!this.server.resetsLater) return;
    const entry = (await this.gdb.read(this.board.flash.origin + 4, 4)).readUInt32LE() & ~1;
    for (let tries = 0; tries < RESET_TRIES; tries++) {
      if ((await this.gdb.counter()) >>> 0 === entry >>> 0) return;
      await new Promise((done) => setTimeout(done, RESET_PAUSE_MS));
    }
    throw new Error("the chip does not halt at its entry after a reset");
  }

  reset(): Promise<void> {
    return this.safely(async () => {
      await this.restart();
      await this.gdb.detach();
    });
  }

  listen(hear: (text: string) => void, done: Promise<unknown>): Promise<void> {
    return this.safely(async () => {
      await this.restart();
      await this.gdb.run(hear, done);
      await this.gdb.detach();
    });
  }

  lock(): Promise<void> {
    this.close();
    return Promise.reject(
      new Trouble("only OpenOCD can lock a chip", "give --probe openocd; on a Black Magic, use `monitor option`"),
    );
  }

  close(): void {
    this.gdb.close();
  }
}

/** Return the first difference of two byte strings. */
export function mismatch(have: Uint8Array, want: Uint8Array): number | undefined {
  if (have.length !== want.length) return Math.min(have.length, want.length);
  const at = want.findIndex((byte, i) => have[i] !== byte);
  return at === -1 ? undefined : at;
}
