// weight: 30 s, 1 core
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Status } from "../../assembly/lib/status.ts";
import { Flash, type FlashShape, MOMENTS, PowerCut } from "../../tools/guest/flash.ts";
import { Records } from "./store.ts";
import { seeded } from "../../tools/line/random.ts";
import { FULL } from "../full.ts";

/** The least there may be, in either unit; nRF51822's, STM32L4's, and MPS2's. */
const SHAPES: readonly FlashShape[] = [
  { pageBytes: 512, pages: 3 },
  { pageBytes: 512, pages: 3, unitBytes: 8 },
  { pageBytes: 1024, pages: 3 },
  { pageBytes: 2048, pages: 4, unitBytes: 8 },
  { pageBytes: 4096, pages: 16 },
];
const KINDS = 9;
const UPDATES = Number(process.env["WEAR_UPDATES"] ?? (FULL ? 200_000 : 60_000));
/** Every how many-th operation is cut where pages are larger; with the smallest all of them are. */
const STEP = Number(process.env["POWER_STEP"] ?? 17);

/** A life of random records; calls `done` with what must be there after each. */
function live(
  flash: Flash,
  updates: number,
  done: (kind: number, data: Uint8Array) => void,
  before: typeof done,
): void {
  const next = seeded(5).below;
  const records = new Records(flash);
  for (let i = 0; i < updates; i++) {
    const kind = next(KINDS);
    const data = Uint8Array.from({ length: kind === 0 ? 32 : next(24) }, () => next(256));
    before(kind, data);
    assert.equal(records.put(kind, data), Status.Ok);
    done(kind, data);
  }
}

function same(found: Uint8Array | undefined, data: Uint8Array | undefined): boolean {
  return Buffer.compare(found ?? Buffer.alloc(0), data ?? Buffer.alloc(0)) === 0;
}

describe("the store", () => {
  it("keeps the last of each kind over restarts", () => {
    for (const shape of SHAPES) {
      const flash = new Flash(shape);
      const wanted = new Map<number, Uint8Array>();
      live(
        flash,
        2_000,
        (kind, data) => void wanted.set(kind, data),
        () => {},
      );
      const again = new Records(flash);
      assert.equal(again.opened, Status.Ok);
      for (const [kind, data] of wanted) assert.ok(same(again.get(kind), data), `kind ${kind}`);
    }
  });

  it("has the old or the new value after a cut at every operation, and half-way through it", () => {
    let cuts = 0;
    for (const shape of SHAPES.slice(0, -1)) {
      const whole = new Flash(shape);
      live(
        whole,
        120,
        () => {},
        () => {},
      );
      assert.ok(whole.operations > 300);
      const step = shape.pageBytes === 512 ? 1 : STEP;
      for (let operation = 0; operation < whole.operations; operation += step) {
        for (const moment of MOMENTS) {
          const flash = new Flash(shape, operation + 1);
          flash.cut = { operation, moment };
          const wanted = new Map<number, Uint8Array>();
          let doing: [number, Uint8Array] | undefined;
          assert.throws(
            () =>
              live(
                flash,
                120,
                (kind, data) => {
                  wanted.set(kind, data);
                  doing = undefined;
                },
                (kind, data) => (doing = [kind, data]),
              ),
            PowerCut,
          );
          flash.cut = undefined;
          cuts++;
          const after = new Records(flash);
          const where = `operation ${operation}, ${moment}`;
          for (let kind = 0; kind < KINDS; kind++) {
            const found = after.get(kind);
            const isNew = doing?.[0] === kind && same(found, doing[1]);
            assert.ok(isNew || same(found, wanted.get(kind)), `${where}: kind ${kind}`);
          }
          // And it goes on from there.
          assert.equal(after.put(1, Uint8Array.of(1, 2, 3)), Status.Ok, where);
          assert.ok(same(new Records(flash).get(1), Uint8Array.of(1, 2, 3)), where);
        }
      }
    }
    assert.ok(cuts > 2_000);
  });

  it(`wears all pages alike: ${UPDATES} updates`, () => {
    for (const shape of SHAPES.slice(1)) {
      const flash = new Flash(shape);
      const records = new Records(flash);
      const key = Uint8Array.from({ length: 32 }, (_, i) => i);
      assert.equal(records.put(0, key), Status.Ok);
      assert.equal(records.wear(2, 1, UPDATES), Status.Ok);
      const after = new Records(flash);
      assert.ok(same(after.get(0), key));
      const last = Buffer.alloc(4);
      last.writeUInt32LE(UPDATES);
      assert.ok(same(after.get(2), last));
      const worn = flash.erasures.slice(1);
      const mean = worn.reduce((sum, count) => sum + count) / worn.length;
      for (const count of worn) assert.ok(Math.abs(count - mean) <= Math.max(1, mean / 10), `erasures ${worn}`);
    }
  });

  it("skips a page that no longer keeps its data, and reports when none does", () => {
    const flash = new Flash({ pageBytes: 1024, pages: 4 });
    const records = new Records(flash);
    flash.broken.add(2);
    assert.equal(records.wear(2, 1, 1_000), Status.Ok);
    assert.equal(new Records(flash).get(2)!.length, 4);
    for (const page of [1, 3]) flash.broken.add(page);
    assert.equal(records.put(2, Uint8Array.of(9, 9, 9, 9)), Status.Storage);
    assert.notDeepEqual(new Records(flash).get(2), Uint8Array.of(9, 9, 9, 9));
  });

  it("refuses a write that would leave no room to work, and keeps its records", () => {
    const records = new Records(new Flash({ pageBytes: 512, pages: 3 }));
    assert.equal(records.put(0, new Uint8Array(32).fill(1)), Status.Ok);
    assert.equal(records.put(7, new Uint8Array(400)), Status.TooLong);
    assert.ok(same(records.get(0), new Uint8Array(32).fill(1)));
    assert.equal(new Records(new Flash({ pageBytes: 1024, pages: 2 })).opened, -8);
  });
});
