// weight: 16 s, 1 core
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Flash, MOMENTS, PowerCut } from "../../tools/guest/flash.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { live, page } from "./life.ts";
import { Witness } from "./witness.ts";

/** Every how many-th operation is cut; 1 is all of them. */
const STEP = Number(process.env["POWER_STEP"] ?? 7);
const SHAPE = { pageBytes: 1024, pages: 3 };

/** A device that was enrolled, and its server, which has an order for it. */
function ordered(): { flash: Flash; witness: Witness } {
  const flash = new Flash(SHAPE);
  const witness = new Witness();
  flash.provision(page(witness));
  live(flash, witness, 2, 1);
  witness.memory = { ...witness.memory, order: 1 };
  return { flash, witness };
}

describe("a device with an order to rotate", () => {
  it("rotates between two reports, once for each order, and its counters continue", () => {
    const { flash, witness } = ordered();
    const first = hex(witness.memory.key!);
    const guest = live(flash, witness, 4, 2);
    assert.equal(witness.memory.rotations, 1);
    assert.notEqual(hex(witness.memory.key!), first);
    const names = guest.events.map((event) => event.name);
    assert.equal(names.filter((name) => name === "rotating").length, 1);
    assert.ok(names.indexOf("rotated") > names.indexOf("rotating"));
    assert.deepEqual(guest.events[names.indexOf("rotated")]!.data, guest.events[names.indexOf("rotating")]!.data);
    witness.memory = { ...witness.memory, order: 2 };
    live(flash, witness, 4, 3);
    assert.equal(witness.memory.rotations, 2);
    const again = live(flash, witness, 2, 4);
    assert.equal(witness.memory.rotations, 2);
    assert.ok(again.events.some((event) => event.name === "key-loaded"));
    assert.equal(guest.deaths, 0);
  });

  it("continues as one device after a cut at its operations, before, within and after", () => {
    const { flash: before, witness: knowing } = ordered();
    const flash = new Flash(SHAPE);
    flash.bytes.set(before.bytes);
    const whole = new Witness();
    whole.memory = knowing.memory;
    live(flash, whole, 3, 2);
    const operations = flash.operations;
    assert.ok(operations > 60, `${operations}`);
    let rotations = 0;
    let cuts = 0;
    for (let operation = 0; operation < operations; operation += STEP) {
      for (const moment of MOMENTS) {
        const cut = new Flash(SHAPE, operation + 1);
        cut.bytes.set(before.bytes);
        cut.cut = { operation, moment };
        const witness = new Witness();
        witness.memory = knowing.memory;
        assert.throws(() => live(cut, witness, 3, 2), PowerCut, `operation ${operation}, ${moment}`);
        cut.cut = undefined;
        // The witness throws at another key that was not handed over to, and at a counter that comes again.
        live(cut, witness, 3, 1_000 + operation);
        live(cut, witness, 2, 2_000 + operation);
        cuts++;
        rotations += witness.memory.rotations;
      }
    }
    assert.equal(rotations, cuts, "an order that was lost, or obeyed twice");
  });

  it("returns as the new key when the power was cut after the server accepted it and before its answer", () => {
    const { flash, witness } = ordered();
    witness.onRotation = () => {
      throw new PowerCut();
    };
    assert.throws(() => live(flash, witness, 4, 2), PowerCut);
    const taken = hex(witness.memory.key!);
    witness.onRotation = () => {};
    const guest = live(flash, witness, 2, 3);
    assert.equal(hex(witness.memory.key!), taken);
    assert.ok(guest.events.some((event) => event.name === "rotated"));
    live(flash, witness, 2, 4);
    assert.equal(witness.memory.rotations, 1);
  });
});
