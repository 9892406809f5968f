/**
 * The lab: single operations of the firmware's cryptography, run on request. One interface, two backends: the wasm in
 * this process, and the ELF in QEMU.
 */
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { Status } from "../../assembly/lib/status.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { startEmulator } from "../../tools/emulator/qemu.ts";
import type { TraceOptions } from "../../tools/emulator/rp2040/trace.ts";
import { table } from "../../tools/generate/tables.js";
import { firmware } from "../../tools/guest/firmware.ts";
import LAB, { LAB_SCRATCH } from "./image.ts";

/** The result of one operation. */
export interface Answer {
  /** Length of the answer, or a Status. */
  readonly result: number;
  readonly bytes: Buffer;
  /** Instructions and bytes of stack that it took; 0 in the wasm. */
  readonly instructions: number;
  readonly stack: number;
  /**
   * The count of the chip's counter: on an emulator it means nothing, and it is 0 if the counter is too short. `tests/bench/counted.ts`
   * puts an estimate in its place. 0 in the wasm.
   */
  readonly cycles: number;
}

export interface Lab {
  /** Its platform: "wasm", or a board's name. */
  readonly name: string;
  run(op: number, ...fields: readonly Uint8Array[]): Promise<Answer>;
  close(): Promise<void>;
}

/** A request: each field as a big-endian u16 length and its bytes. */
export function request(fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(field.length);
      return [length, field];
    }),
  );
}

/** Return the number of bytes after a result. */
function lengthOf(result: number): number {
  return result === Status.Ok ? 0 : Math.max(result, 0);
}

interface Guest {
  readonly memory: WebAssembly.Memory;
  buffer(): number;
  capacity(): number;
  run(op: number, len: number): number;
}

/** Run the lab as wasm in this process, built with these `--use` choices. */
export async function wasmLab(use: readonly string[] = []): Promise<Lab> {
  const instance = await WebAssembly.instantiate(
    await firmware("tests/lab/guest.ts", [`SCRATCH=${LAB_SCRATCH}`, ...use]),
    { table },
  );
  const guest = instance.exports as unknown as Guest;
  const room = (): Buffer => Buffer.from(guest.memory.buffer, guest.buffer(), guest.capacity());
  return {
    name: "wasm",
    run(op, ...fields) {
      const bytes = request(fields);
      if (bytes.length > guest.capacity())
        throw new Error(`a request of ${bytes.length} bytes is too long for the lab`);
      bytes.copy(room());
      const result = guest.run(op, bytes.length);
      const answer = Buffer.from(room().subarray(0, lengthOf(result)));
      return Promise.resolve({ result, bytes: answer, instructions: 0, stack: 0, cycles: 0 });
    },
    close: () => Promise.resolve(),
  };
}

/** Bytes of an answer before those of its result. */
export const ANSWER_BYTES = 16;

/** Collects what a stream receives until a wanted number of bytes is there. */
class Receiver {
  private have = Buffer.alloc(0);
  private wanted = 0;
  private done: (() => void) | undefined;

  constructor(stream: Duplex) {
    stream.on("data", (bytes: Buffer) => {
      this.have = Buffer.concat([this.have, bytes]);
      if (this.have.length >= this.wanted) this.done?.();
    });
  }

  async take(count: number): Promise<Buffer> {
    if (this.have.length < count) {
      this.wanted = count;
      await new Promise<void>((resolve) => (this.done = resolve));
    }
    const taken = this.have.subarray(0, count);
    this.have = this.have.subarray(count);
    return taken;
  }
}

/** Operations of `boards/common/lab.c` itself. */
export const Own = { Secret: 0xfffe, Noise: 0xfffd, Counter: 0xfffc } as const;

/** A request as that program reads it. */
export function frame(op: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(op);
  head.writeUInt16LE(body.length, 2);
  return Buffer.concat([head, body]);
}

/** A lab behind a stream; `failed` rejects when its board is gone. */
export function streamLab(name: string, stream: Duplex, failed: Promise<never>): Lab {
  failed.catch(() => undefined);
  const receiver = new Receiver(stream);
  return {
    name,
    async run(op, ...fields) {
      stream.write(frame(op, op >= Own.Counter ? Buffer.concat(fields) : request(fields)));
      const answer = await Promise.race([receiver.take(ANSWER_BYTES), failed]);
      const result = answer.readInt32LE(0);
      return {
        result,
        bytes: Buffer.from(await Promise.race([receiver.take(lengthOf(result)), failed])),
        instructions: answer.readUInt32LE(4),
        stack: answer.readUInt32LE(8),
        cycles: answer.readUInt32LE(12),
      };
    },
    close() {
      stream.destroy();
      return Promise.resolve();
    },
  };
}

/** Options of a run of an ELF. */
export interface ElfOptions {
  /** Count instructions; slower. */
  readonly icount?: boolean;
  /** More arguments for QEMU. */
  readonly args?: readonly string[];
  /** An ELF that was built otherwise. */
  readonly elf?: string;
  /** Trace options, on a board that rp2040js runs. */
  readonly trace?: TraceOptions;
}

/** Run the lab's ELF of a board in its emulator. */
export async function elfLab(board: string, options: ElfOptions = {}): Promise<Lab> {
  const elf = options.elf ?? (await buildImage({ board, image: LAB })).elf;
  const emulator = await startEmulator({
    board,
    elf,
    module: "here",
    icount: options.icount ?? false,
    args: options.args ?? [],
    ...(options.trace && { trace: options.trace }),
    timeoutMs: 0,
  });
  const socket = await emulator.uart();
  await emulator.waitFor("lab");
  const gone = once(emulator, "exit").then(() => {
    throw new Error(`the board is gone\n${emulator.lines.slice(-5).join("\n")}\n${emulator.complaint}`);
  });
  const died = new Promise<never>((_, reject) => {
    emulator.on("event", ({ name, data }) => {
      if (name === "epitaph") reject(new Error(`the board died: ${data.toString("latin1")}`));
    });
  });
  const lab = streamLab(board, socket, Promise.race([gone, died]));
  return {
    ...lab,
    async close() {
      await lab.close();
      await emulator.kill();
    },
  };
}
