// weight: 20 s, 0.7 cores
/** The arithmetic of curve25519 in the wasm against BigInt, at every limb's bounds and at random. */
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { bytes, element, L, mod, number, P, specials, Stream, trials } from "../lab/field.ts";
import { wasmLab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";

const COUNT = Number(process.env["FIELD_CASES"] ?? 10_000);
const SEED = process.env["FIELD_SEED"] ?? "field";
const lab = await wasmLab();
const short = await wasmLab(["CRYPTO_SHORT_MULTIPLY=1"]);

async function check(a: Buffer, b: Buffer, random: Stream): Promise<void> {
  for (const { name, twin, fields, residue } of trials(a, b, random)) {
    if (residue === undefined) continue;
    const { bytes: got } = await lab.run(twin, ...fields);
    equal(mod(number(got), P), mod(residue, P), `${name} of ${a.toString("hex")} ${b.toString("hex")}`);
  }
  const frozen = await lab.run(Op.FeFreeze, a);
  equal(number(frozen.bytes), number(a) % P, `freeze ${a.toString("hex")}`);
}

test("every pair of special elements", async () => {
  const random = new Stream(SEED);
  const all = specials();
  for (const a of all) for (const b of all) await check(a, b, random);
});

test(`${COUNT} pairs of elements with random and extreme words, seed "${SEED}"`, async () => {
  const random = new Stream(SEED);
  for (let i = 0; i < COUNT; i++) await check(element(random), element(random), random);
});

for (const [name, by] of [
  ["a power", lab],
  ["steps of division", short],
] as const) {
  test(`an inverse by ${name} times its element is 1, and that of 0 is 0`, async () => {
    const random = new Stream(SEED);
    const all = [...specials(), ...Array.from({ length: 100 }, () => element(random))];
    for (const a of all) {
      const inverse = number((await by.run(Op.FeInvert, a)).bytes);
      equal((inverse * number(a)) % P, number(a) % P === 0n ? 0n : 1n, a.toString("hex"));
    }
  });
}

test("swap exchanges both elements, or neither", async () => {
  const [a, b] = [Buffer.alloc(64, 0x5a), Buffer.alloc(64, 0xc3)];
  equal((await lab.run(Op.FeSwapPortable, a, b, bytes(0n, 2))).bytes.compare(Buffer.concat([a, b])), 0);
  equal((await lab.run(Op.FeSwapPortable, a, b, Buffer.from([0, 1]))).bytes.compare(Buffer.concat([b, a])), 0);
});

for (const [name, by] of [
  ["long products", lab],
  ["products of 16-bit halves", short],
] as const) {
  test(`${COUNT} scalars by ${name}, seed "${SEED}"`, async () => {
    const random = new Stream(SEED);
    const edges = [0n, 1n, L - 1n, L, L + 1n, 2n * L - 1n, 2n * L, 15n * L, 16n * L - 1n, 2n ** 256n - 1n];
    const wide = edges.flatMap((x) => [x, x << 256n, (x << 256n) | (2n ** 256n - 1n)].map((y) => bytes(y, 64)));
    for (let i = 0; i < COUNT; i++) wide.push(Buffer.concat([element(random), element(random)]));
    for (const x of wide) equal(number((await by.run(Op.ScReduce, x)).bytes), number(x) % L, x.toString("hex"));
    const below = (): Buffer => bytes(number(element(random)) % L, 32);
    for (let i = 0; i < COUNT; i++) {
      const edge = (): Buffer => bytes([0n, 1n, L - 1n][random.below(3)]!, 32);
      const [a, b, c] = i < 100 ? [element(random), edge(), edge()] : [element(random), below(), below()];
      const want = (number(a) * number(b) + number(c)) % L;
      equal(
        number((await by.run(Op.ScMulAdd, a, b, c)).bytes),
        want,
        [a, b, c].map((x) => x.toString("hex")).join(" "),
      );
    }
  });
}
