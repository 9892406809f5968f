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
const SIGNATURES = Number(process.env["SIGNET_CASES"] ?? 10);
const SEED = process.env["FIELD_SEED"] ?? "field";
const lab = await wasmLab();
const short = await wasmLab(["CRYPTO_SHORT_MULTIPLY=1"]);

async function check(by: Lab, { name, op, fields, wanted }: field.Trial256): Promise<void> {
  const { bytes } = await by.run(op, ...fields);
  assert.equal(number(bytes), wanted, `${name} of ${fields.map((one) => one.toString("hex")).join(" ")}`);
}

/** Every pair for long products; for the others, which take longer, each element with one of the rest. */
function pairs(all: readonly bigint[], by: Lab): [bigint, bigint][] {
  if (by === short) return all.map((a, i) => [a, all[(i * 7 + 3) % all.length]!]);
  return all.flatMap((a) => all.map((b): [bigint, bigint] => [a, b]));
}

for (const [name, by] of [
  ["long products", lab],
  ["products of 16-bit halves", short],
] as const) {
  test(`the field: every pair of special elements, and ${COUNT} others, by ${name}, seed "${SEED}"`, async () => {
    const random = new Stream(SEED);
    const all = field.specials(field.P);
    for (const [a, b] of pairs(all, by)) for (const one of field.fieldTrials(a, b, random)) await check(by, one);
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [field.element(random, field.P), field.element(random, field.P)];
      for (const one of field.fieldTrials(a, b, random)) await check(by, one);
    }
    for (const a of all.slice(0, by === short ? 4 : 20)) await check(by, field.inverseTrial(a));
    for (const a of all) await check(by, field.halfTrial(a));
  });

  test(`scalars: every pair of special ones, and ${COUNT} others, by ${name}, seed "${SEED}"`, async () => {
    const random = new Stream(SEED);
    const all = field.specials(field.N);
    for (const [a, b] of pairs(all, by)) for (const one of field.scalarTrials(a, b)) await check(by, one);
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [field.element(random, field.N), field.element(random, field.N)];
      for (const one of field.scalarTrials(a, b)) await check(by, one);
    }
    for (const a of all.slice(0, by === short ? 4 : 20))
      for (const trial of field.inverseScalarTrials(a)) await check(by, trial);
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

/** Secrets at the bounds of the group, of the digits of a product and of the comb, then random ones. */
function secrets(count: number): bigint[] {
  const random = new Stream(`${SEED} secrets`);
  const edges = [1n, 2n, 3n, 15n, 16n, 17n, 31n, 32n, 1n << 252n, 1n << 255n].flatMap((x) => [x, field.N - x]);
  return [...edges, ...Array.from({ length: count }, () => field.element(random, field.N - 1n) + 1n)];
}

test("public keys and shared secrets are those of @noble/curves", async () => {
  const random = new Stream(`${SEED} points`);
  for (const secret of secrets(SIGNATURES)) {
    const about = secret.toString(16);
    const own = await lab.run(Op.P256PublicKey, big(secret));
    assert.deepEqual(own.bytes, Buffer.from(p256.getPublicKey(big(secret), false)), `the key of ${about}`);
    const peer = p256.getPublicKey(big(field.element(random, field.N - 1n) + 1n), false);
    const shared = await lab.run(Op.Ecdh256, big(secret), peer);
    const wanted = Buffer.from(p256.getSharedSecret(big(secret), peer, false)).subarray(1, 33);
    assert.deepEqual(shared.bytes, wanted, `what ${about} shares`);
  }
});

test("secrets outside 1..n - 1 are refused", async () => {
  const key = p256.getPublicKey(big(7n), false);
  for (const secret of [0n, field.N, field.N + 1n, 2n ** 256n - 1n]) {
    assert.equal((await lab.run(Op.P256PublicKey, big(secret))).result, Status.Forged);
    assert.equal((await lab.run(Op.Ecdh256, big(secret), key)).result, Status.Forged);
    assert.equal(
      (await lab.run(Op.Ecdsa256Sign, big(secret), Buffer.alloc(32), Buffer.alloc(0))).result,
      Status.Forged,
    );
  }
});

test("signatures are those of RFC 6979, with the lower s", async () => {
  const random = new Stream(`${SEED} digests`);
  // RFC 6979 A.2.5: the message "sample".
  const rfc = BigInt("0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
  const sample = Buffer.from("af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf", "hex");
  const { bytes } = await lab.run(Op.Ecdsa256Sign, big(rfc), sample, Buffer.alloc(0));
  const [r, s] = [bytes.subarray(0, 32).toString("hex"), BigInt(`0x${bytes.subarray(32).toString("hex")}`)];
  assert.equal(r, "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716");
  assert.equal(field.N - s, BigInt("0xf7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"));
  for (const secret of secrets(SIGNATURES)) {
    const digest = random.take(32);
    const own = await lab.run(Op.Ecdsa256Sign, big(secret), digest, Buffer.alloc(0));
    const wanted = p256.sign(digest, big(secret), { prehash: false });
    assert.deepEqual(own.bytes, Buffer.from(wanted), secret.toString(16));
    const noise = random.take(32);
    const hedged = await lab.run(Op.Ecdsa256Sign, big(secret), digest, noise);
    const alike = p256.sign(digest, big(secret), { prehash: false, extraEntropy: noise });
    assert.deepEqual(hedged.bytes, Buffer.from(alike), `${secret.toString(16)} with noise`);
  }
});

test("a released signature was verified, or made twice", async () => {
  const checked = await wasmLab(["CRYPTO_CHECKED=1"]);
  const [secret, digest, noise] = [big(77n), Buffer.alloc(32, 5), Buffer.alloc(32, 6)];
  const [key, other] = [p256.getPublicKey(secret, false), p256.getPublicKey(big(78n), false)];
  for (const by of [lab, checked]) {
    const { bytes } = await by.run(Op.Ecdsa256Issue, secret, key, digest, noise);
    assert(p256.verify(bytes, digest, key, { prehash: false }));
  }
  assert.equal((await checked.run(Op.Ecdsa256Issue, secret, other, digest, noise)).result, Status.Forged);
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
