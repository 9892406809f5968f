// weight: 12 s, 1 core
/**
 * The arithmetic of P-256 in the wasm against BigInt, at every limb's bounds and at random, and ECDSA against @noble/curves.
 * FIELD_CASES and SIGNET_CASES say how many cases.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { p256 } from "@noble/curves/nist.js";
import { Status } from "../../assembly/lib/status.ts";
import { Stream, number } from "../lab/field.ts";
import * as field from "../lab/field256.ts";
import { type Lab, wasmLab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";

const COUNT = Number(process.env["FIELD_CASES"] ?? 300);
const SIGNATURES = Number(process.env["SIGNET_CASES"] ?? 20);
const SEED = process.env["FIELD_SEED"] ?? "field";
const lab = await wasmLab();
const short = await wasmLab(["CRYPTO_SHORT_MULTIPLY=1"]);

async function check(by: Lab, { name, op, fields, wanted }: field.Trial256): Promise<void> {
  const { bytes } = await by.run(op, ...fields);
  assert.equal(number(bytes), wanted, `${name} of ${fields.map((one) => one.toString("hex")).join(" ")}`);
}

for (const [name, by] of [
  ["long products", lab],
  ["products of 16-bit halves", short],
] as const) {
  test(`the field: every pair of special elements, and ${COUNT} others, by ${name}, seed "${SEED}"`, async () => {
    const random = new Stream(SEED);
    const all = field.specials(field.P);
    for (const a of all) for (const b of all) for (const one of field.fieldTrials(a, b, random)) await check(by, one);
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [field.element(random, field.P), field.element(random, field.P)];
      for (const one of field.fieldTrials(a, b, random)) await check(by, one);
    }
    for (const a of all.slice(0, 40)) await check(by, field.inverseTrial(a));
  });

  test(`scalars: every pair of special ones, and ${COUNT} others, by ${name}, seed "${SEED}"`, async () => {
    const random = new Stream(SEED);
    const all = field.specials(field.N);
    for (const a of all) for (const b of all) for (const one of field.scalarTrials(a, b)) await check(by, one);
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [field.element(random, field.N), field.element(random, field.N)];
      for (const one of field.scalarTrials(a, b)) await check(by, one);
    }
    for (const a of all.slice(0, 40)) await check(by, field.inverseScalarTrial(a));
  });
}

/** A number as 32 bytes, big-endian. */
function big(x: bigint): Buffer {
  return Buffer.from(x.toString(16).padStart(64, "0"), "hex");
}

async function verdict(signature: Uint8Array, key: Uint8Array, digest: Uint8Array): Promise<number> {
  return (await lab.run(Op.Ecdsa256Verify, signature, key, digest)).result;
}

test(`ecdsa256: ${SIGNATURES} signatures of @noble/curves, and each with one bit changed`, async () => {
  const random = new Stream(SEED);
  for (let i = 0; i < SIGNATURES; i++) {
    const secret = big((number(random.take(32)) % (field.N - 1n)) + 1n);
    const key = p256.getPublicKey(secret, false);
    const digest = i % 8 === 0 ? Buffer.alloc(32, i & 8 ? 0xff : 0) : random.take(32);
    const signature = p256.sign(digest, secret, { prehash: false, lowS: false });
    assert.equal(await verdict(signature, key, digest), Status.Ok, `case ${i}`);
    const all = [Buffer.from(signature), Buffer.from(key), Buffer.from(digest)] as const;
    const bit = random.below(8 * (64 + 65 + 32));
    const one = bit < 512 ? 0 : bit < 512 + 520 ? 1 : 2;
    const at = bit - [0, 512, 512 + 520][one]!;
    all[one][at >>> 3]! ^= 1 << (at & 7);
    assert.equal(await verdict(...all), Status.Forged, `case ${i}, bit ${bit}`);
  }
});

/** A signature of a digest under a known secret, whose r and s are what the caller makes of them. */
function forge(nonce: bigint, secret: bigint, digest: Buffer): { r: bigint; s: bigint } {
  const r = p256.Point.BASE.multiply(nonce).toAffine().x % field.N;
  const e = BigInt(`0x${digest.toString("hex")}`);
  return { r, s: (field.power(nonce, field.N - 2n, field.N) * (e + r * secret)) % field.N };
}

test("ecdsa256: each clause of verification by a signature that only it refuses", async () => {
  const digest = Buffer.alloc(32, 0x5a);
  const [secret, nonce] = [0x1234_5678_9abcn, 0xfedc_ba98n];
  const key = p256.getPublicKey(big(secret), false);
  const { r, s } = forge(nonce, secret, digest);
  const of = (x: bigint, y: bigint): Buffer => Buffer.concat([big(x), big(y)]);
  assert.equal(await verdict(of(r, s), key, digest), Status.Ok);
  assert.equal(await verdict(of(r, field.N - s), key, digest), Status.Ok, "a high s is as good");
  assert.equal(await verdict(of(r, 0n), key, digest), Status.Forged, "s = 0");
  assert.equal(await verdict(of(0n, s), key, digest), Status.Forged, "r = 0");
  if (s + field.N < 2n ** 256n) assert.equal(await verdict(of(r, s + field.N), key, digest), Status.Forged, "s >= n");
  const small = forge(nonce, secret, digest);
  assert.equal(await verdict(of(small.r, field.N), key, digest), Status.Forged, "s = n");
  assert.equal(await verdict(of(field.N, s), key, digest), Status.Forged, "r = n");
  const compressed = Buffer.from(key);
  compressed[0] = 2;
  assert.equal(await verdict(of(r, s), compressed, digest), Status.Forged, "another form of the key");
  const off = Buffer.from(key);
  off[64]! ^= 1;
  assert.equal(await verdict(of(r, s), off, digest), Status.Forged, "a key that is not on the curve");
  // x = 5 is on the curve, and so would be x + p if it were taken for an element.
  const { y } = p256.Point.fromHex(`02${"0".repeat(63)}5`).toAffine();
  const low = Buffer.concat([Buffer.from([4]), big(5n), big(y)]);
  const high = Buffer.concat([Buffer.from([4]), big(5n + field.P), big(y)]);
  // A signature that verifies under a key without its secret: R = u G + v Q, r = x(R), s = r / v, e = u s.
  const q = p256.Point.fromAffine({ x: 5n, y });
  const [u, v] = [77n, 99n];
  const x = p256.Point.BASE.multiply(u).add(q.multiply(v)).toAffine().x % field.N;
  const t = (x * field.power(v, field.N - 2n, field.N)) % field.N;
  assert.equal(await verdict(of(x, t), low, big((u * t) % field.N)), Status.Ok);
  assert.equal(await verdict(of(x, t), high, big((u * t) % field.N)), Status.Forged, "x is not reduced");
  // e = -r secret: the sum is infinity for every s, whose x is no number.
  const minus = big(field.N - ((r * secret) % field.N));
  assert.equal(await verdict(of(r, s), key, minus), Status.Forged, "the sum is infinity");
});
