// weight: 17 s, 0.6 cores
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Flash, type FlashShape, MOMENTS, PowerCut } from "../../tools/guest/flash.ts";
import { live, page } from "./life.ts";
import { Witness, type Memory } from "./witness.ts";

/** nRF51822's pages and STM32L4's, and the fewest of them. */
const SHAPES: readonly FlashShape[] = [
  { pageBytes: 1024, pages: 3 },
  { pageBytes: 2048, pages: 3, unitBytes: 8 },
];
const SHAPE = SHAPES[0]!;
/** Starts for each byte of a unit: a thousand operations and more. */
const STARTS_PER_BYTE = 18;
const REPORTS = 2;
/** Every how many-th operation is cut; 1 is all of them. */
const STEP = Number(process.env["POWER_STEP"] ?? 37);

interface Moment {
  readonly bytes: Uint8Array;
  readonly memory: Memory;
  readonly operations: number;
}

/** A whole life without a cut: what there was before each start. */
function whole(shape: FlashShape): Moment[] {
  const flash = new Flash(shape);
  const witness = new Witness();
  flash.provision(page(witness));
  const moments: Moment[] = [];
  const starts = STARTS_PER_BYTE * (shape.unitBytes ?? 4);
  for (let start = 0; start < starts; start++) {
    moments.push({ bytes: flash.bytes.slice(), memory: witness.memory, operations: flash.operations });
    live(flash, witness, REPORTS, start);
  }
  moments.push({ bytes: flash.bytes.slice(), memory: witness.memory, operations: flash.operations });
  return moments;
}

function survive(shape: FlashShape): void {
  const moments = whole(shape);
  const operations = moments.at(-1)!.operations;
  const often = STEP === 1 ? "" : `${STEP}th `;
  const units = `units of ${shape.unitBytes ?? 4}`;

  it(`recovers from a cut at every ${often}operation of ${operations}, before, within and after it, in ${units}`, () => {
    assert.ok(operations >= 1_000);
    for (let operation = 0; operation < operations; operation += STEP) {
      const start = moments.findLastIndex((moment) => moment.operations <= operation);
      for (const moment of MOMENTS) {
        const { bytes, memory, operations: done } = moments[start]!;
        const flash = new Flash(shape, operation + 1);
        flash.bytes.set(bytes);
        flash.cut = { operation: operation - done, moment };
        const witness = new Witness();
        witness.memory = memory;
        assert.throws(() => live(flash, witness, REPORTS, start), PowerCut, `operation ${operation}, ${moment}`);
        flash.cut = undefined;
        // The witness throws if the key is another one, a counter comes again, or the count of starts does not rise.
        live(flash, witness, 1, 1_000 + operation);
        live(flash, witness, 1, 2_000 + operation);
      }
    }
  });
}

describe("a device that loses its power", () => {
  for (const shape of SHAPES) survive(shape);

  it("writes nothing to flash for a report", () => {
    const flash = new Flash(SHAPE);
    const witness = new Witness();
    flash.provision(page(witness));
    live(flash, witness, 1, 1);
    const one = flash.operations;
    const again = new Flash(SHAPE);
    again.provision(page(witness));
    live(again, new Witness(), 200, 1);
    assert.equal(again.operations, one);
  });
});
