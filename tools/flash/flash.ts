/** Write a board, start it, and read its id. */
import type { Board } from "../firmware/board.ts";
import * as spread from "../firmware/spread.ts";
import { Trouble } from "../trouble.ts";
import * as factory from "../wire/factory.ts";
import * as terminal from "./console.ts";
import { FirstWords } from "./console.ts";
import * as certificate from "./certificate.ts";
import * as device from "./device.ts";
import * as image from "./image.ts";
import type { Segment } from "./hex.ts";
import * as probes from "./probes.ts";
import * as seeds from "./seed.ts";
import * as software from "./software.ts";
import type { Probe } from "./probe.ts";
import type { Choice } from "./probes.ts";

/** The connections of a board: its probe, and its console. */
export interface Bench {
  readonly probe: Choice;
  /** A script of OpenOCD's for an adapter that is not found by itself. */
  readonly adapter?: string | undefined;
  /** A serial port, tcp:host:port or unix:path; a board that speaks through its probe needs none. */
  readonly console?: string | undefined;
}

/** Called with the progress. */
export interface Listener {
  /** A step, in words. */
  step(text: string): void;
  /** Bytes written so far, of how many. */
  progress(written: number, total: number): void;
  /** A line of the device's console. */
  line(line: string): void;
}

/** An nRF51 gathers noise for some seconds and makes its key in two more; slower chips need their time too. */
const WORDS_MS = 60_000;

/** The step in which the writing was interrupted, and the state of the board then. */
const UNFINISHED = new Trouble(
  "interrupted while writing: the image in the chip is incomplete",
  "run the command again: it starts from the beginning and keeps the chip's key",
);

/** Write segments to the board on a bench; its power may go at any time, and the same again mends it. */
export async function write(
  bench: Bench,
  board: Board,
  name: string,
  segments: readonly Segment[],
  listener: Listener,
): Promise<Probe> {
  const probe = await probes.open(bench.probe, board, name, bench.adapter);
  const total = image.size(segments);
  listener.step(`writing ${total} bytes through ${probe.name}`);
  let stop: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(UNFINISHED);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  });
  try {
    const written = probe.write(segments, (count) => listener.progress(count, total));
    written.catch(() => undefined);
    await Promise.race([written, interrupted]);
    listener.step("read back and compared: equal");
    return probe;
  } catch (error) {
    probe.close();
    throw error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop!);
  }
}

/** The factory page that the board on a bench has; undefined if there is none that can be read as one. */
export async function pageOn(bench: Bench, board: Board, name: string): Promise<factory.Factory | undefined> {
  const probe = await probes.open(bench.probe, board, name, bench.adapter);
  try {
    const { store } = board;
    const flash = await probe.read(store.origin, spread.flashBytes(store, store.pageBytes));
    return factory.read(spread.fromFlash(store, flash));
  } catch (error) {
    // Blank, cut off, or foreign contents; a probe's error is none of these.
    if (error instanceof Trouble) throw error;
    return undefined;
  } finally {
    probe.close();
  }
}

/** Start the board after writing; return its id, or undefined if there is no way to read it. */
export async function start(bench: Bench, board: Board, probe: Probe, listener: Listener): Promise<string | undefined> {
  const words = new FirstWords(listener.line);
  if (bench.console !== undefined) {
    const stream = await terminal.open(bench.console, words.hear);
    try {
      await probe.reset();
      stream.once("close", () =>
        words.fail(new Trouble(`${bench.console} is gone`, "reconnect it, then run the command again")),
      );
      words.within(WORDS_MS);
      return await words.id;
    } finally {
      stream.destroy();
    }
  }
  if (!board.probe?.consoleByProbe) {
    await probe.reset();
    return undefined;
  }
  const lines = new terminal.Lines(words.hear);
  words.within(WORDS_MS);
  await probe.listen(
    (text) => lines.take(text),
    words.id.catch(() => undefined),
  );
  return words.id;
}

export interface Options {
  readonly board: string;
  /** A program of one's own as ELF, or the data of an image; the product by default. */
  readonly image?: string | undefined;
  readonly bench: Bench;
  /** The file with the device's settings; without it the factory page stays unchanged. */
  readonly config?: string | undefined;
  /** The file with the certificate for the device's key on P-256: it goes into the factory page. */
  readonly certificate?: string | undefined;
  /** Make it forget its key: it becomes another device. */
  readonly erase?: boolean;
}

/** The warning about a seed of one's own. */
const SEED_GIVEN =
  "warning: a seed is for one device: this board gets a fresh seed, made from random bytes and the seed of the file";

/**
 * The factory page to write: from the file, or the board's own, with a fresh seed if the board becomes another device, and with the certificate if there is one. That of
 * the key before is no other device's.
 */
async function newPage(options: Options, board: Board): Promise<Uint8Array | undefined> {
  const chain = options.certificate === undefined ? undefined : certificate.load(options.certificate);
  if (options.config !== undefined) return device.page(device.load(options.config), { certificate: chain });
  if (!options.erase && !chain) return undefined;
  const old = await pageOn(options.bench, board, options.board);
  if (chain && !old) throw new Trouble("the board has no factory page for the certificate", "give --config as well");
  return old && factory.write({ ...old, certificate: chain, ...(options.erase && { seed: seeds.fresh() }) });
}

/** `signet flash`: build, write, verify, reset, and read the id. */
export async function flash(options: Options, listener: Listener): Promise<string | undefined> {
  const board = await software.boardFor(options.board, options.image);
  if (options.config !== undefined && device.load(options.config).seed) listener.step(SEED_GIVEN);
  const page = await newPage(options, board);
  const program = await software.load(options.board, options.image, page && factory.read(page).link);
  const segments = [
    ...program.segments,
    ...(page ? [image.factoryPage(page, board)] : []),
    ...(options.erase ? [image.blankStore(board)] : []),
  ];
  const probe = await write(options.bench, board, options.board, segments, listener);
  try {
    listener.step("reset");
    return await start(options.bench, board, probe, listener);
  } finally {
    probe.close();
  }
}
