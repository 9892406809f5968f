/**
 * Constant time on the final ELFs: for every operation, all secrets give one trace of instructions and of data addresses.
 * SIGNET_SECRETS says how many random ones, beside the edge ones.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Operation, operations } from "./operations.ts";
import { Tracer, plantedImage } from "./tracer.ts";

const COUNT = Number(process.env["SIGNET_SECRETS"] ?? 32);
const BOARDS = ["mps2-an386", "mps2-an385", "microbit"];
const OPERATIONS = operations(COUNT);

/** Fail, and say where, unless all requests of an operation do the same. */
async function assertConstant(tracer: Tracer, { name, requests }: Operation): Promise<number> {
  const [first, ...rest] = requests;
  assert(first);
  const reference = await tracer.trace(first);
  const verdict = Math.min(reference.answer.result, 0);
  for (const request of rest) {
    const trace = await tracer.trace(request);
    assert.equal(Math.min(trace.answer.result, 0), verdict, `${name}: not the same verdict`);
    if (trace.hash !== reference.hash) assert.fail(`${name}: ${await tracer.explain(first, request)}`);
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
    for (const operation of OPERATIONS) {
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
    for (const [op, name] of [
      [2, /planted 2: after .*: the instruction at .* or the instruction at/],
      [3, /planted 3: after .*: a load at .* or a load at/],
      [4, /planted 4: after/],
    ] as const) {
      test(["", "", "a branch on a secret", "a load at a secret address", "a comparison that ends early"][op] ?? "", async () => {
        await assert.rejects(assertConstant(tracer, planted(op)), name);
      });
    }
    for (const op of [1, 5]) test(`an honest operation passes (${op})`, () => assertConstant(tracer, planted(op)));
  });
}
