// weight: 64 s, 1 core
/**
 * Constant time on the final ELFs: for every operation, all secrets give one trace of instructions and of data addresses.
 * On the Pico each instruction's cycles count, too. SIGNET_FULL asks for every board and 32 random secrets beside the edge
 * ones; without it the run is a short one.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Operation, operations } from "./operations.ts";
import { Tracer, plantedImage } from "./tracer.ts";
import { elfLab } from "../lab/lab.ts";
import { FULL } from "../full.ts";

const COUNT = FULL ? 32 : 6;
const BOARDS = FULL ? ["mps2-an386", "mps2-an385", "microbit", "pico"] : ["mps2-an386", "pico"];
const OPERATIONS = operations(COUNT);

/** Portable code on P-256 takes rp2040js too long for a short run. */
const isShort = ({ name }: Operation): boolean => !/256 public key|ecdh256|ecdsa256/.test(name);

/** All ones and a random secret: what a board that is slow to trace is tried with in a short run. */
function few({ name, requests }: Operation): Operation {
  return { name, requests: [1, -1].flatMap((i) => requests.at(i) ?? []) };
}

function operationsOn(board: string): Operation[] {
  return FULL || board !== "pico" ? OPERATIONS : OPERATIONS.filter(isShort).map(few);
}

/** Fail, and say where, unless all requests of an operation do the same. */
async function assertConstant(tracer: Tracer, { name, requests }: Operation): Promise<number> {
  const [first, ...rest] = requests;
  assert(first);
  const reference = await tracer.trace(first);
  const verdict = Math.min(reference.answer.result, 0);
  for (const request of rest) {
    const trace = await tracer.trace(request);
    assert.equal(Math.min(trace.answer.result, 0), verdict, `${name}: not the same verdict`);
    if (trace.hash !== reference.hash) assert.fail(`${name}: ${await tracer.explain([first], [request])}`);
  }
  return reference.instructions;
}

for (const board of BOARDS) {
  describe(`traces on ${board}`, () => {
    let tracer: Tracer;
    before(async () => {
      tracer = await Tracer.start(board);
    });
    after(async () => {
      await tracer?.close();
    });
    for (const operation of operationsOn(board)) {
      test(`${operation.name}, ${operation.requests.length} secrets`, async (context) => {
        context.diagnostic(`${await assertConstant(tracer, operation)} instructions`);
      });
    }
  });

  describe(`planted faults on ${board}`, () => {
    let tracer: Tracer;
    before(async () => {
      tracer = await Tracer.start(board, (await plantedImage(board)).elf);
    });
    after(async () => {
      await tracer?.close();
    });
    const all = OPERATIONS.find(({ name }) => name === "hmac256 key")?.requests ?? [];
    const planted = (op: number): Operation => ({
      name: `planted ${op}`,
      requests: all.map(({ fields }) => ({ op, fields: fields.slice(0, 1) })),
    });
    for (const [op, name, complaint] of [
      [2, "a branch on a secret", /planted 2: after .*: the instruction at .* or the instruction at/],
      [3, "a load at a secret address", /planted 3: after .*: a load at .* or a load at/],
      [4, "a comparison that ends early", /planted 4: after/],
    ] as const) {
      test(`${name} is caught`, async () => {
        await assert.rejects(assertConstant(tracer, planted(op)), complaint);
      });
    }
    for (const op of [1, 5]) {
      test(`an honest operation passes (${op})`, async () => {
        await assertConstant(tracer, planted(op));
      });
    }
    test("a trap of an operation ends it by name", { timeout: 120_000 }, async () => {
      const lab = await elfLab(board, { elf: (await plantedImage(board)).elf });
      try {
        await assert.rejects(lab.run(6, ...all[0]!.fields.slice(0, 1)), /the board died: trap oob/);
      } finally {
        await lab.close();
      }
    });
  });
}
