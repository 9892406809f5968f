/**
 * Many boards, one after the other: flash, learn the id, let the server know, label. Every step is in the journal before the next,
 * so that it can be ended at any moment and run again.
 *
 *     read the factory page     its claim tells a board that was here before
 *     journal: seed             the hash of a fresh one, before each page
 *     write firmware and page   with that claim, or with none; start; the device makes its key and tells its id
 *     journal: id               a number is given to it
 *     journal: claim            asked of the server, and from now on of this id alone
 *     write the page            with the claim; or ask the server to put the id on its list
 *     journal: admitted
 *     label, journal: done
 */
import { dirname, join } from "node:path";
import { MultiBar, type SingleBar } from "cli-progress";
import type { Board } from "../firmware/board.ts";
import { Trouble } from "../trouble.ts";
import { fromHex, hex } from "../wire/bytes.ts";
import type * as factory from "../wire/factory.ts";
import * as device from "./device.ts";
import * as flash from "./flash.ts";
import type { Bench, Listener } from "./flash.ts";
import type { Segment } from "./hex.ts";
import * as image from "./image.ts";
import { Journal, type Entry, type Way } from "./journal.ts";
import * as label from "./label.ts";
import * as registry from "./registry.ts";
import type { Registry } from "./registry.ts";
import * as seeds from "./seed.ts";
import * as software from "./software.ts";

export interface Options {
  readonly board: string;
  /** As for `flash`. */
  readonly image?: string | undefined;
  readonly count: number;
  readonly config: string;
  readonly journal: string;
  readonly way: Way;
  readonly registry: Registry;
  /** One or more places for boards, used in turn. */
  readonly benches: readonly Bench[];
  /** Resolves when the next board is in its place; rejects when there are no more. */
  readonly nextBoard: () => Promise<void>;
  readonly say: (text: string) => void;
}

/** The settings that all boards of a batch have in common. */
interface Batch extends Options {
  readonly data: Board;
  readonly told: device.DeviceConfig;
  readonly firmware: readonly Segment[];
  readonly log: Journal;
}

/** Provision until `count` devices are finished; returns them all. */
export async function provision(options: Options): Promise<readonly Entry[]> {
  const told = device.load(options.config);
  if (told.claim)
    throw new Trouble(
      `${options.config} has a claim, but a claim is for one device`,
      "leave it out: provision requests one for each device",
    );
  if (told.seed)
    throw new Trouble(
      `${options.config} has a seed, but a seed is for one device`,
      "leave it out: each device gets its own",
    );
  const { board: data, segments: firmware } = await software.load(options.board, options.image, told.module.family);
  const log = Journal.open(options.journal, options.board, options.way);
  const batch = { ...options, data, told, firmware, log };
  const bars = new Bars(options.count, log.finished, options.say);
  try {
    for (let place = 0, idle = 0; log.finished < options.count; place++) {
      if (place > 0 && options.benches.length === 1) await options.nextBoard();
      const before = log.finished;
      await one(batch, options.benches[place % options.benches.length]!, bars);
      bars.finished(log.finished);
      idle = log.finished > before ? 0 : idle + 1;
      if (options.benches.length > 1 && idle === options.benches.length)
        throw new Trouble(
          "the boards on all benches are already finished",
          "connect other boards, then run the command again",
        );
    }
    return log.entries;
  } finally {
    bars.stop();
    log.close();
  }
}

/** Provision the board on one bench, from any state. */
async function one(batch: Batch, bench: Bench, bars: Bars): Promise<void> {
  const { data, log, told, firmware } = batch;
  const old = await flash.pageOn(bench, data, batch.board);
  const known = old?.claim && log.byClaim(hex(old.claim));
  const page = image.factoryPage(newPage(log, told, known && old?.claim), data);
  if (old && isForeign(log, old)) bars.say(FOREIGN);
  const id = await begin(batch, bench, [...firmware, page], bars);
  const before = log.byId(id);
  if (known && known !== before) {
    throw new Trouble(
      `the board carries the claim of number ${known.number}, but is another device`,
      "put it aside: its key was erased, or its flash was copied",
    );
  }
  if (!before) log.add({ number: log.entries.length + 1, step: "id", id });
  const entry = log.byId(id)!;
  if (entry.admitted && batch.way === "claim" && !known) bars.say(copied(entry));
  const isIn = entry.admitted && (batch.way === "allowlist" || known !== undefined);
  if (entry.done && isIn) return bars.say(`this is number ${entry.number}, already finished`);
  bars.say(`number ${entry.number}: ${id}`);
  if (!isIn) await admit(batch, bench, entry, known, bars);
  const what = { number: entry.number, board: batch.board, id };
  const file = await label.write(what, join(dirname(batch.journal), "labels"));
  log.add({ number: entry.number, step: "done" });
  bars.say(`${await label.onTerminal(what)}${file}`);
}

const FOREIGN =
  "warning: another journal provisioned this board, or this journal was lost: check whether the board already has a number";

/** The states of a board that has a key of this batch and another claim. */
const copied = ({ number }: Entry): string =>
  `warning: the board has the key of number ${number} and not its claim: if it is another board, it is a copy; put it aside`;

/** True if the page of a board is from elsewhere: neither its claim nor its seed is in the journal. */
export function isForeign(log: Journal, { claim, seed }: factory.Factory): boolean {
  return !(claim && log.byClaim(hex(claim))) && !(seed && log.hasSeed(seeds.hashOf(seed)));
}

/** A factory page with a seed that is in the journal from now on. Throws Trouble if it was there before. */
export function newPage(log: Journal, told: device.DeviceConfig, claim?: Uint8Array, seed = seeds.fresh()): Uint8Array {
  const sha256 = seeds.hashOf(seed);
  if (log.hasSeed(sha256))
    throw new Trouble(
      "the random generator of this computer repeats its output",
      "use another computer with the same journal",
    );
  log.add({ step: "seed", sha256 });
  return device.page(told, { claim, seed });
}

/** Write a board, start it, read its id. */
async function begin({ data, board }: Batch, bench: Bench, segments: readonly Segment[], bars: Bars): Promise<string> {
  const probe = await flash.write(bench, data, board, segments, bars.listener);
  try {
    const id = await flash.start(bench, data, probe, bars.listener);
    if (id !== undefined) return id;
    throw new Trouble(
      "the device's id is not known",
      "give --console: provisioning reads the id of each device from it",
    );
  } finally {
    probe.close();
  }
}

/** Let one device in: by a claim that only it ever gets, or by its id. */
async function admit(batch: Batch, bench: Bench, entry: Entry, known: Entry | undefined, bars: Bars): Promise<void> {
  const { log, data, told, board } = batch;
  const note = `${board} ${entry.number}`;
  if (batch.way === "allowlist") {
    await registry.invite(batch.registry, entry.id, note);
  } else {
    if (entry.claim === undefined)
      log.add({ number: entry.number, step: "claim", claim: await registry.claim(batch.registry, note) });
    if (known === undefined) {
      const page = image.factoryPage(newPage(log, told, fromHex(entry.claim!)), data);
      const probe = await flash.write(bench, data, board, [page], bars.listener);
      await probe.reset();
    }
  }
  if (!entry.admitted) log.add({ number: entry.number, step: "admitted" });
}

/** One bar for the batch and one for the board; lines where there is no terminal. */
class Bars {
  private readonly bars: MultiBar | undefined;
  private readonly batch: SingleBar | undefined;
  private readonly board: SingleBar | undefined;

  constructor(
    private readonly count: number,
    finished: number,
    private readonly print: (text: string) => void,
  ) {
    if (!process.stderr.isTTY) return;
    this.bars = new MultiBar({ format: "{what} {bar} {value}/{total}", hideCursor: true });
    this.batch = this.bars.create(count, finished, { what: "boards" });
    this.board = this.bars.create(1, 0, { what: "bytes " });
  }

  say(text: string): void {
    if (this.bars) this.bars.log(`${text}\n`);
    else this.print(text);
  }

  finished(finished: number): void {
    this.batch?.update(finished);
    if (!this.batch) this.print(`${finished} of ${this.count} finished`);
  }

  readonly listener: Listener = {
    step: () => undefined,
    progress: (written, total) => {
      this.board?.setTotal(total);
      this.board?.update(written);
    },
    line: () => undefined,
  };

  stop(): void {
    this.bars?.stop();
  }
}
