// weight: 24 s, 1 core
/**
 * The cores' assembly and the portable code give the same bits, on the chip: random states and data, and those that drive every
 * carry. SIGNET_CASES sets the number.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type Lab, elfLab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";

const COUNT = Number(process.env["SIGNET_CASES"] ?? 60);

/** `count` bytes: all ones, all zeros, or drawn from the case's number. */
function draw(name: string, number: number, count: number): Buffer {
  if (number < 2) return Buffer.alloc(count, number === 0 ? 0xff : 0);
  return createHash("shake256", { outputLength: count }).update(`${name}/${number}`).digest();
}

// prettier-ignore
const OPERATIONS: readonly (readonly [name: string, native: Op, portable: Op, stateBytes: number, blockBytes: number])[] = [
  ["sha256",   Op.Sha256Blocks,   Op.Sha256BlocksPortable,   32, 64],
  ["sha512",   Op.Sha512Blocks,   Op.Sha512BlocksPortable,   64, 128],
  ["poly1305", Op.Poly1305Blocks, Op.Poly1305BlocksPortable, 32, 16],
  ["chacha20", Op.ChaCha20Blocks, Op.ChaCha20BlocksPortable, 64, 64],
  ["aes128",   Op.Aes128Pairs,    Op.Aes128PairsPortable,    16, 32],
  ["bits",     Op.Aes128Transpose, Op.Aes128TransposePortable, 32, 0],
  ["sbox",     Op.AesSubstitute,  Op.AesSubstitutePortable,  32, 0],
  ["ghash",    Op.GhashBlocks,    Op.GhashBlocksPortable,    16, 16],
];

for (const board of ["mps2-an386", "mps2-an385", "microbit"]) {
  describe(`assembly and portable code on ${board}`, () => {
    let lab: Lab;
    before(async () => {
      lab = await elfLab(board);
    });
    after(async () => {
      await lab?.close();
    });
    for (const [name, native, portable, stateBytes, blockBytes] of OPERATIONS) {
      test(`${name}, ${COUNT} cases`, async () => {
        for (let number = 0; number < COUNT; number++) {
          const state = draw(`${name} state`, number, stateBytes);
          const data = draw(`${name} data`, number >> 1, blockBytes * (1 + (number % 4)));
          const one = await lab.run(native, state, data);
          const other = await lab.run(portable, state, data);
          assert(one.result > 0);
          assert.deepEqual(one.bytes, other.bytes, `case ${number}`);
        }
      });
    }
  });
}
