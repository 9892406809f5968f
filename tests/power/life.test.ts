import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Flash, MOMENTS, PowerCut } from "../../tools/guest/flash.ts";
import { live, page } from "./life.ts";
import { Witness, type Memory } from "./witness.ts";

/** nRF51822's pages, and the fewest of them. */
const SHAPE = { pageBytes: 1024, pages: 3 };
const STARTS = 70;
const REPORTS = 2;
/** Every how many-th operation is cut; 1 is all of them. */
const STEP = Number(process.env["POWER_STEP"] ?? 37);

interface Moment {
  readonly bytes: Uint8Array;
  readonly memory: Memory;
  readonly operations: number;
}

/** A whole life without a cut: what there was before each start. */
function whole(): Moment[] {
  const flash = new Flash(SHAPE);
  const witness = new Witness();
  flash.provision(page(witness));
  const moments: Moment[] = [];
  for (let start = 0; start < STARTS; start++) {
    moments.push({ bytes: flash.bytes.slice(), memory: witness.memory, operations: flash.operations });
    live(flash, witness, REPORTS, start);
  }
  moments.push({ bytes: flash.bytes.slice(), memory: witness.memory, operations: flash.operations });
  return moments;
}

describe("a device that loses its power", () => {
  const moments = whole();
  const operations = moments.at(-1)!.operations;

  it(`lives on after a cut at every ${STEP === 1 ? "" : `${STEP}th `}operation of ${operations}, before, within and after it`, () => {
    assert.ok(operations >= 1_000);
    for (let operation = 0; operation < operations; operation += STEP) {
      const start = moments.findLastIndex((moment) => moment.operations <= operation);
      for (const moment of MOMENTS) {
        const { bytes, memory, operations: done } = moments[start]!;
        const flash = new Flash(SHAPE, operation + 1);
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
