// weight: 44 s, 1 core
/**
 * The operations in each core's own assembly, on the ELF in QEMU, against the portable twin beside it: the same bits.
 */
import { equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { loadBoard } from "../../../tools/firmware/board.ts";
import {
  element,
  ladder,
  mod,
  number,
  P,
  montgomeryRow,
  pointTrials,
  rows,
  rsaShift,
  specials,
  Stream,
  type Trial,
  trials,
  u16,
} from "../../lab/field.ts";
import * as p256 from "../../lab/field256.ts";
import { elfLab, type Lab } from "../../lab/lab.ts";
import { Op } from "../../lab/op.ts";
import * as small from "../../lab/small.ts";
import { FULL } from "../../full.ts";

const COUNT = Number(process.env["FIELD_CASES"] ?? (FULL ? 20 : 5));
const SEED = process.env["FIELD_SEED"] ?? "field";

/** The boards as they are, and a Cortex-M4 with the small profile, which has other assembly and one table. */
const BUILDS = [
  ...["mps2-an386", "mps2-an385", "microbit"].map((board) => ({
    name: board,
    use: async () => (await loadBoard(board)).use,
    open: () => elfLab(board),
  })),
  { name: `${small.BOARD}, small`, use: async () => (await small.profile()).use, open: small.smallLab },
];

async function check(lab: Lab, trial: Trial): Promise<void> {
  const about = `${trial.name}: ${trial.fields.map((field) => field.toString("hex")).join(" ")}`;
  const own = await lab.run(trial.op, ...trial.fields);
  const twin = await lab.run(trial.twin, ...trial.fields);
  equal(own.bytes.toString("hex"), twin.bytes.toString("hex"), about);
  if (trial.residue !== undefined) equal(mod(number(own.bytes), P), mod(trial.residue, P), about);
}

/** The field of P-256: special elements and others, exactly. */
async function checkP256(lab: Lab, random: Stream): Promise<void> {
  const all = p256.specials(p256.P);
  const drawn = Array.from({ length: COUNT }, () => p256.element(random, p256.P));
  for (const [i, a] of [...all, ...drawn].entries()) {
    const b = i < all.length ? all[(i * 7 + 3) % all.length]! : p256.element(random, p256.P);
    for (const { name, op, fields, wanted } of p256.fieldTrials(a, b, random)) {
      const about = `${name}: ${fields.map((field) => field.toString("hex")).join(" ")}`;
      for (const by of [op, p256.twin(op)]) equal(number((await lab.run(by, ...fields)).bytes), wanted, about);
    }
  }
}

/** The formulas of points of P-256, on special elements and others. */
async function checkPoints(lab: Lab, random: Stream): Promise<void> {
  const all = p256.specials(p256.P);
  for (const [i] of [...all, ...Array.from({ length: COUNT })].entries()) {
    const five = Array.from({ length: 5 }, (_, j) =>
      i < all.length ? all[(i * (2 * j + 1) + 5 * j) % all.length]! : p256.element(random, p256.P),
    );
    for (const { name, op, twin, fields, wanted } of p256.pointTrials(five)) {
      const about = `${name}: ${fields.map((field) => field.toString("hex")).join(" ")}`;
      for (const by of [op, twin])
        equal((await lab.run(by, ...fields)).bytes.toString("hex"), wanted.toString("hex"), about);
    }
  }
}

/** The parts of an inversion, and whole ones modulo both primes. */
async function checkInversion(lab: Lab, random: Stream): Promise<void> {
  for (let i = 0; i < COUNT + 8; i++) {
    for (const { name, op, twin, fields, wanted } of p256.inversionTrials(i, random)) {
      const about = `${name}: ${fields.map((field) => field.toString("hex")).join(" ")}`;
      for (const by of [op, twin])
        equal((await lab.run(by, ...fields)).bytes.toString("hex"), wanted.toString("hex"), about);
    }
  }
  for (const a of [0n, 1n, p256.element(random, p256.N)]) {
    for (const { name, op, fields, wanted } of [p256.inverseTrial(a % p256.P), ...p256.inverseScalarTrials(a)])
      equal(number((await lab.run(op, ...fields)).bytes), wanted, `${name}: ${fields[0]!.toString("hex")}`);
  }
}

for (const build of BUILDS) {
  test(`${build.name}: special elements, ${COUNT} others with seed "${SEED}", every row`, async (context) => {
    const use = await build.use();
    if (!("CRYPTO_NATIVE" in use)) return context.skip("the board answers nothing in assembly");
    const lab = await build.open();
    try {
      const random = new Stream(SEED);
      const all = specials();
      for (const [i, a] of all.entries()) {
        for (const trial of trials(a, all[(i * 7 + 3) % all.length]!, random)) await check(lab, trial);
      }
      for (let i = 0; i < COUNT; i++) {
        for (const trial of trials(element(random), element(random), random)) await check(lab, trial);
      }
      for (const [i] of [...all, ...Array.from({ length: COUNT })].entries()) {
        const eight = Array.from({ length: 8 }, (_, j) =>
          i < all.length ? all[(i * (2 * j + 1) + 5 * j) % all.length]! : element(random),
        );
        for (const trial of pointTrials(eight)) await check(lab, trial);
        if (i % 8 === 0) await check(lab, ladder(eight.slice(0, 5), random.take(32)));
      }
      for (let i = 0; i < COUNT; i++) await check(lab, montgomeryRow(i, random));
      for (let i = 0; i < COUNT + 8; i++) await check(lab, rsaShift(i, random));
      await checkP256(lab, random);
      await checkPoints(lab, random);
      await checkInversion(lab, random);
      const isSmall = "CRYPTO_SMALL" in use;
      const teeth = isSmall ? 4 : 5;
      const selections = [...rows(isSmall ? 1 : 3, teeth), ...p256.selections(isSmall ? 1 : 4, teeth, random)];
      for (const trial of selections) await check(lab, trial);
      await rejects(lab.run(Op.CombSelect, u16(0xffff), u16(0)), /the board died: trap oob/);
    } finally {
      await lab.close();
    }
  });
}
