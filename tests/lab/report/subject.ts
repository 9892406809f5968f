/** The board under test: flashed through a probe and reached over the UART of its module, or run by its emulator. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { openSerial } from "../../../tools/bridge/bridge.ts";
import { type Board, loadBoard } from "../../../tools/firmware/board.ts";
import { buildImage } from "../../../tools/firmware/build.ts";
import { run } from "../../../tools/firmware/run.ts";
import { write } from "../../../tools/flash/flash.ts";
import * as image from "../../../tools/flash/image.ts";
import { onTerminal } from "../../../tools/flash/listener.ts";
import type { Choice } from "../../../tools/flash/probes.ts";
import { Trouble } from "../../../tools/trouble.ts";
import LAB from "../image.ts";
import { ANSWER_BYTES, elfLab, type Lab, Own, streamLab } from "../lab.ts";

const BAUD = 115_200;
/** The time in which a board answers an empty request. */
const ANSWER_MS = 200;
/** More bytes than the longest request has. */
const LONGEST = 0x1_0004;
/** Tries to complete the head of a request, byte by byte. */
const HEAD_TRIES = 8;

export interface Place {
  readonly board: string;
  readonly probe: Choice;
  readonly adapter?: string | undefined;
  /** The serial line to the UART of the board's module. Without it the board's emulator runs the lab. */
  readonly module?: string | undefined;
}

/** Facts about the board before the first operation. */
export interface Facts {
  readonly board: string;
  readonly cpu: string;
  readonly machine: "chip" | "emulator";
  readonly compiler: string;
  /** SHA-256 of the ELF. */
  readonly elf: string;
  /** Bits of the counter of cycles: 32 of DWT, 24 of SysTick, 0 if there is none. */
  readonly counterBits: number;
  readonly clockHz: number;
}

export interface Subject {
  readonly lab: Lab;
  readonly board: Board;
  readonly facts: Facts;
}

/** Count the bytes that a stream receives until none has come for a while. */
async function heard(stream: Duplex): Promise<number> {
  let count = 0;
  let last = Date.now();
  const hear = (bytes: Buffer): void => {
    count += bytes.length;
    last = Date.now();
  };
  stream.on("data", hear);
  while (Date.now() - last < ANSWER_MS) await sleep(ANSWER_MS / 10);
  stream.off("data", hear);
  return count;
}

/** Send zeros, one at a time, until an answer comes: it answers the request that ends with the last of them. */
async function completes(stream: Duplex): Promise<boolean> {
  for (let tries = 0; tries < HEAD_TRIES; tries++) {
    stream.write(Buffer.of(0));
    if ((await heard(stream)) >= ANSWER_BYTES) return true;
  }
  return false;
}

/**
 * Find the beginning of a request: noise on the line can be a part of one. Four zeros are a request without fields, which the lab answers.
 * Throws Trouble if nothing answers at `where`.
 */
export async function synchronise(stream: Duplex, where: string): Promise<void> {
  if (await completes(stream)) return;
  stream.write(Buffer.alloc(LONGEST));
  await heard(stream);
  if (!(await completes(stream)))
    throw new Trouble(`nothing answers at ${where}`, "it must be the UART of the module, with TX and RX crossed");
}

/** Flash the lab, and reach it over the UART of the module. */
async function onChip(place: Place, board: Board, hexFile: string, where: string): Promise<Lab> {
  const stream = await openSerial(where, BAUD);
  const listener = onTerminal();
  const bench = { probe: place.probe, adapter: place.adapter };
  const segments = image.firmware(hexFile, board);
  const probe = await write(bench, board, place.board, segments, listener).finally(listener.done);
  await probe.reset().finally(() => probe.close());
  await synchronise(stream, where);
  const gone = once(stream, "close").then(() => {
    throw new Trouble(`${where} is gone`, "plug it in again, and run the command again");
  });
  return streamLab(place.board, stream, gone);
}

/** Build the lab and start it. Throws Trouble. */
export async function open(place: Place): Promise<Subject> {
  const { elf, hex } = await buildImage({ board: place.board, image: LAB });
  const board = LAB.adapt!(await loadBoard(place.board));
  if (place.module === undefined && !board.qemu && !board.rp2040js)
    throw new Trouble(
      `no emulator runs ${place.board}`,
      "give --module with the serial line to the UART of its module",
    );
  const lab =
    place.module === undefined
      ? await elfLab(place.board, { elf, icount: true })
      : await onChip(place, board, hex, place.module);
  const { bytes } = await lab.run(Own.Counter);
  const facts: Facts = {
    board: place.board,
    cpu: board.cpu,
    machine: place.module === undefined ? "emulator" : "chip",
    compiler: (await run("arm-none-eabi-gcc", ["--version"])).split("\n")[0]!,
    elf: createHash("sha256").update(readFileSync(elf)).digest("hex"),
    counterBits: bytes.readUInt32LE(0),
    clockHz: bytes.readUInt32LE(4),
  };
  return { lab, board, facts };
}
