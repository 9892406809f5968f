// weight: 18 s, 1 core
/**
 * Starts on a flash with changed bits: the same device, or none, and never another one. ROT_FLIPS and ROT_BURSTS set the
 * numbers; `tests/power/README.md` has the results of the long form.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { firmware } from "../../tools/guest/firmware.ts";
import { Flash, MOMENTS, PowerCut } from "../../tools/guest/flash.ts";
import { Guest } from "../../tools/guest/guest.ts";
import * as noises from "../../tools/guest/noise.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { checksum } from "../../tools/wire/crc32c.ts";
import * as store from "../../tools/wire/store.ts";
import { type Image, image, LIVES, numbers } from "./image.ts";
import { live } from "./life.ts";
import { named, start } from "./start.ts";
import { type Memory, Witness } from "./witness.ts";
import { SIGNET } from "../../tools/firmware/product.ts";
import { seeded } from "../../tools/line/random.ts";
import { FULL } from "../full.ts";

/** Trials on each image: single flips, and bursts of up to 64 bits. */
const FLIPS = Number(process.env["ROT_FLIPS"] ?? (FULL ? 300 : 100));
const BURSTS = Number(process.env["ROT_BURSTS"] ?? (FULL ? 100 : 40));
const BURST_BITS = 64;
/** Distance of the operations at which a repair is cut. */
const CUT_STEP = FULL ? 1 : 3;
/** Every how many-th trial goes on to a server, which throws at a counter that comes again. */
const REPORTING = Number(process.env["ROT_REPORTING"] ?? 50);
const SEED = Number(process.env["ROT_SEED"] ?? 0x726f7421);
const HOUR_MS = 3_600_000;

const module = await firmware(SIGNET.entry);

function flip(bytes: Uint8Array, bit: number): void {
  bytes[bit >> 3]! ^= 1 << (bit & 7);
}

/** Return the end of the records of a page. */
function endOf({ records }: store.StorePage): number {
  return Math.max(...records.map(({ at, data }) => at + 8 + Math.ceil(data.length / 8) * 8));
}

/** Return the start of the whole record of a name in each page of a pair. */
function placesOf(dump: store.StoreDump, name: string): number[] {
  return dump.pair.map(
    ({ index, records }) => index * dump.pageBytes + records.findLast((one) => one.name === name)!.at,
  );
}

/** An image, and what must be true of the device after any damage. */
class Trial {
  readonly #image: Image;
  readonly #before: store.StoreDump;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #id: string;
  /** Devices that went on, whose damage was repaired, and that named the loss of their key. */
  readonly seen = { same: 0, repaired: 0, lost: 0 };

  constructor(of: Image) {
    this.#image = of;
    this.#before = this.read(of.bytes);
    assert.deepEqual([this.#before.state, this.#before.damaged], ["in use", 0]);
    this.#numbers = numbers(this.#before);
    this.#id = hex(named(start(this.flash(1)), "key-loaded")!);
  }

  get pair(): readonly store.StorePage[] {
    return this.#before.pair;
  }

  get before(): store.StoreDump {
    return this.#before;
  }

  get memory(): Memory {
    return this.#image.memory;
  }

  get id(): string {
    return this.#id;
  }

  read(bytes: Uint8Array): store.StoreDump {
    return store.read(bytes, this.#image.shape.pageBytes);
  }

  flash(seed: number): Flash {
    const flash = new Flash(this.#image.shape, seed);
    flash.bytes.set(this.#image.bytes);
    return flash;
  }

  /** Start the device once on a damaged flash, and check what became of it. */
  check(flash: Flash, where: string): void {
    const { damaged, pair } = this.read(flash.bytes);
    const isTorn = damaged === 1 && this.#isTorn(flash.bytes, pair);
    const guest = start(flash);
    assert.equal(named(guest, "key-made"), undefined, `${where}: another identity`);
    if (named(guest, "identity-lost")) return this.#checkLost(guest, where);
    assert.equal(hex(named(guest, "key-loaded")!), this.#id, `${where}: another key`);
    const after = this.read(flash.bytes);
    assert.deepEqual([after.state, after.damaged], ["in use", 0], `${where}: not repaired`);
    const [first, second] = after.pair.map(({ records }) => records.map(({ at }) => at).join());
    assert.equal(second, first, `${where}: one copy`);
    for (const name of ["key", "successor", "session"])
      assert.deepEqual(after.live.get(name), this.#before.live.get(name), `${where}: ${name}`);
    const now = numbers(after);
    for (const [name, number] of this.#numbers) {
      const least = name === "boots" ? number + 1 : number;
      assert.ok((now.get(name) ?? 0) >= least, `${where}: ${name} went back from ${number} to ${now.get(name)}`);
    }
    this.seen.same++;
    if (named(guest, "flash-damaged")) this.seen.repaired++;
    else assert.ok(damaged === 0 || isTorn, `${where}: ${damaged} damaged places, not said`);
  }

  /** A device without its key writes nothing, ends by name, and comes back the same. */
  #checkLost(guest: Guest, where: string): void {
    assert.equal(guest.flash.operations, 0, `${where}: written after the key was lost`);
    this.seen.lost++;
  }

  /** True if the damage looks like a torn write: in the first page only, right after the last record. */
  #isTorn(bytes: Uint8Array, [first, second]: readonly store.StorePage[]): boolean {
    if (second?.rest !== "blank" || first!.records.length < second.records.length) return false;
    const at = first!.index * this.#image.shape.pageBytes + endOf(first!);
    return bytes.subarray(at, at + 8).some((byte) => byte !== 0xff);
  }

  /** Let the device go on to its server for two starts. */
  report(flash: Flash): void {
    const witness = new Witness();
    witness.memory = this.#image.memory;
    live(flash, witness, 2, 7);
    live(flash, witness, 1, 8);
  }
}

/** List the single faults: each as a function that applies it to a flash. */
function damage(trial: Trial, next: (most: number) => number, bits: number): (flash: Flash) => string {
  return (flash) => {
    const { pageBytes, pages } = flash.shape;
    // One half hits what is in use, the other anything.
    const used = endOf(trial.pair[0]!);
    const page = trial.pair[next(trial.pair.length)]!.index * pageBytes;
    const isUsed = next(2) === 0;
    const at = isUsed ? page * 8 + next(used * 8) : pageBytes * 8 + next((pages - 1) * pageBytes * 8);
    const end = Math.min(at + bits, pages * pageBytes * 8);
    for (let bit = at; bit < end; bit++) if (bit === at || bit === end - 1 || next(2) === 0) flip(flash.bytes, bit);
    return `${bits} bits at ${Math.floor(at / 8 / pageBytes)}:${(at >> 3) % pageBytes}.${at & 7}`;
  };
}

describe(`a store whose bits change, seed ${SEED}`, () => {
  for (const life of LIVES) {
    for (const unitBytes of [4, 8] as const) {
      const of = image(life, unitBytes);
      const trial = new Trial(of);
      const next = seeded(SEED).below;

      const trials = (count: number, bitsOf: () => number): void => {
        for (let i = 0; i < count; i++) {
          const flash = trial.flash(i + 1);
          const where = damage(trial, next, bitsOf())(flash);
          const bytes = flash.bytes.slice();
          trial.check(flash, where);
          if (i % REPORTING !== 0) continue;
          flash.bytes.set(bytes);
          trial.report(flash);
        }
      };

      it(`${of.name}: ${FLIPS} single flips, ${BURSTS} bursts of up to ${BURST_BITS} bits`, (context) => {
        trials(FLIPS, () => 1);
        trials(BURSTS, () => 2 + next(BURST_BITS - 1));
        const { same, repaired, lost } = trial.seen;
        context.diagnostic(`${same} went on, ${repaired} of them repaired; ${lost} lost`);
        assert.equal(lost, 0);
        assert.equal(same, FLIPS + BURSTS);
        assert.ok(repaired > FLIPS / 4);
      });

      it(`${of.name}: every page lost whole, erased and filled with junk`, () => {
        const { pageBytes, pages } = of.shape;
        for (let page = 1; page < pages; page++) {
          for (const fill of ["erased", "zeros", "junk"]) {
            const flash = trial.flash(page);
            const lost = flash.bytes.subarray(page * pageBytes, (page + 1) * pageBytes);
            for (let i = 0; i < lost.length; i++) lost[i] = fill === "erased" ? 0xff : fill === "zeros" ? 0 : next(256);
            trial.check(flash, `page ${page} ${fill}`);
            trial.report(flash);
          }
        }
      });
    }
  }
});

/** Start a device that must not live, and let it end by name. */
function ends(flash: Flash, said: string, death: string): void {
  const bytes = flash.bytes.slice();
  for (let starts = 0; starts < 2; starts++) {
    let now = 0;
    const guest = new Guest({ firmware: module, flash, noise: noises.seeded("rot"), clock: () => now });
    guest.boot();
    while (guest.deaths === 0 && now < 2 * HOUR_MS) now += Math.max(1, guest.turn());
    assert.ok(now >= HOUR_MS, "it does not wait");
    assert.equal(guest.epitaph, death);
    assert.ok(named(guest, said), said);
    assert.ok(!named(guest, "key-made") && !named(guest, "key-loaded"));
  }
  assert.deepEqual(flash.bytes, bytes, "it wrote");
}

describe("a store that lost one copy", () => {
  it("of records reports their number to the server, once", () => {
    const of = image(LIVES[1]!, 8);
    const trial = new Trial(of);
    const flash = trial.flash(1);
    for (const name of ["key", "seed", "boots"]) flip(flash.bytes, placesOf(trial.before, name)[1]! * 8 + 70);
    const witness = new Witness();
    witness.memory = of.memory;
    live(flash, witness, 3, 7);
    live(flash, witness, 1, 8);
    assert.deepEqual(witness.damaged, [3, 0, 0, 0]);
  });

  for (const life of [LIVES[2]!, { ...LIVES[2]!, shape: { pageBytes: 1024, pages: 3 }, name: "the fewest pages" }]) {
    it(`is repaired, wherever the power is cut meanwhile: ${life.name}`, () => {
      const trial = new Trial(image(life, 8));
      const { pageBytes, pair } = trial.before;
      const faults: ((bytes: Uint8Array, page: number) => unknown)[] = [
        (bytes, page) => flip(bytes, page * pageBytes * 8 + 5),
        (bytes, page) => flip(bytes, (page * pageBytes + pair[0]!.records[0]!.at) * 8 + 99),
        (bytes, page) => flip(bytes, ((page + 1) * pageBytes - 16) * 8),
        (bytes, page) => bytes.fill(0xff, page * pageBytes, (page + 1) * pageBytes),
      ];
      for (const { index } of pair) {
        for (const [kind, fault] of faults.entries()) {
          const damaged = trial.flash(1);
          fault(damaged.bytes, index);
          const whole = new Flash(damaged.shape);
          whole.bytes.set(damaged.bytes);
          trial.check(whole, `fault ${kind} of page ${index}`);
          for (let operation = index % CUT_STEP; operation < whole.operations; operation += CUT_STEP) {
            for (const moment of MOMENTS) {
              const flash = new Flash(damaged.shape, operation + 1);
              flash.bytes.set(damaged.bytes);
              flash.cut = { operation, moment };
              assert.throws(() => start(flash), PowerCut);
              flash.cut = undefined;
              trial.check(flash, `fault ${kind} of page ${index}, cut at ${operation}, ${moment}`);
            }
          }
        }
      }
    });
  }
});

describe("a store that lost both copies", () => {
  const images = LIVES.map((life) => image(life, 8));
  const [turned, young, rotated] = images.map((of) => new Trial(of)) as [Trial, Trial, Trial];

  /** Flip a bit in both copies of a record. */
  function rotten(trial: Trial, name: string): Flash {
    const flash = trial.flash(1);
    for (const at of placesOf(trial.before, name)) flip(flash.bytes, at * 8 + 64 + 17);
    return flash;
  }

  it("of its key ends as identity-lost, at each start, until its board is erased", () => {
    const flash = rotten(young, "key");
    ends(flash, "identity-lost", "die 7");
    flash.bytes.fill(0xff, flash.shape.pageBytes);
    assert.ok(named(start(flash), "key-made"));
  });

  it("of its key takes it from older pages, if it was not replaced since", () => {
    const flash = rotten(turned, "key");
    turned.check(flash, "key");
    assert.equal(turned.seen.same, 1);
    ends(rotten(rotated, "key"), "identity-lost", "die 7");
  });

  it("of a number continues above it", () => {
    for (const trial of [turned, young, rotated]) {
      for (const name of ["counter", "boots", "command"]) {
        if (name === "command" && trial !== rotated) continue;
        const flash = rotten(trial, name);
        const was = numbers(trial.before).get(name)!;
        const guest = start(flash);
        assert.ok(named(guest, "key-loaded") && named(guest, "flash-damaged"), name);
        const now = numbers(trial.read(flash.bytes)).get(name) ?? 0;
        // The command comes back with the next answer of the server.
        if (name === "counter" || name === "boots") assert.ok(now > was, `${name}: ${was} to ${now}`);
        live(flash, Object.assign(new Witness(), { memory: trial.memory }), 2, 9);
      }
    }
  });

  it("of any record never becomes another device", () => {
    const next = seeded(SEED).below;
    for (const trial of [turned, young, rotated]) {
      for (let i = 0; i < FLIPS; i++) {
        const flash = trial.flash(i);
        const at = next(endOf(trial.pair[0]!) * 8);
        for (const { index } of trial.pair) flip(flash.bytes, index * flash.shape.pageBytes * 8 + at);
        const guest = start(flash);
        assert.ok(!named(guest, "key-made"), `bit ${at}`);
        const id = named(guest, "key-loaded");
        if (id) assert.equal(hex(id), trial.id, `bit ${at}`);
        else assert.ok(named(guest, "identity-lost"), `bit ${at}`);
      }
    }
  });

  it("of all records, or without any, is not new", () => {
    const next = seeded(SEED).below;
    const junk = new Flash(images[0]!.shape);
    for (let i = junk.shape.pageBytes; i < junk.bytes.length; i++) junk.bytes[i] = next(256);
    ends(junk, "identity-lost", "die 7");
    const filled = new Flash(images[0]!.shape);
    filled.bytes.fill(0, filled.shape.pageBytes);
    assert.ok(named(start(filled), "key-made"), "flash that was never written");
  });

  it("of a later version is left alone", () => {
    const flash = young.flash(1);
    const at = 9 * flash.shape.pageBytes;
    const head = new DataView(flash.bytes.buffer, at, 16);
    for (const [i, word] of [0x53474c33, 99, 4].entries()) head.setUint32(4 * i, word, true);
    head.setUint32(12, checksum(flash.bytes.subarray(at, at + 12)), true);
    ends(flash, "no-storage", "die a");
  });
});
