// weight: 6 s, 1 core
/** ECDSA on P-384 in the wasm against @noble/curves. SIGNET_CASES says how many cases. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { p384 } from "@noble/curves/nist.js";
import { Status } from "../../assembly/lib/status.ts";
import { Stream } from "../lab/field.ts";
import { power } from "../lab/field256.ts";
import { wasmLab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";

const COUNT = Number(process.env["SIGNET_CASES"] ?? 10);
const SEED = process.env["FIELD_SEED"] ?? "p384";
const N = p384.Point.Fn.ORDER;
const lab = await wasmLab();

function big(x: bigint): Buffer {
  return Buffer.from(x.toString(16).padStart(96, "0"), "hex");
}

async function verdict(signature: Uint8Array, key: Uint8Array, digest: Uint8Array): Promise<number> {
  return (await lab.run(Op.Ecdsa384Verify, signature, key, digest)).result;
}

test(`${COUNT} signatures of @noble/curves, and each with one bit changed, seed "${SEED}"`, async () => {
  const random = new Stream(SEED);
  // The secrets 1 and n - 1 have the keys G and -G, which meet the base point in the product.
  const secrets = [
    1n,
    N - 1n,
    2n,
    ...Array.from({ length: COUNT }, () => BigInt(`0x${random.take(40).toString("hex")}`)),
  ];
  for (const [i, secret] of secrets.entries()) {
    const key = p384.getPublicKey(big(secret), false);
    const digest = i % 8 === 3 ? Buffer.alloc(48, 0xff) : random.take(48);
    const signature = p384.sign(digest, big(secret), { prehash: false, lowS: false });
    assert.equal(await verdict(signature, key, digest), Status.Ok, `case ${i}`);
    const all = [Buffer.from(signature), Buffer.from(key), Buffer.from(digest)] as const;
    const one = i % 3;
    const bit = random.below(8 * all[one]!.length);
    all[one]![bit >>> 3]! ^= 1 << (bit & 7);
    assert.equal(await verdict(...all), Status.Forged, `case ${i}, bit ${bit} of field ${one}`);
  }
});

test("r and s outside 1..n - 1, and a sum at infinity, are refused", async () => {
  const [secret, digest] = [0x1234_5678n, Buffer.alloc(48, 0x5a)];
  const key = p384.getPublicKey(big(secret), false);
  const signature = Buffer.from(p384.sign(digest, big(secret), { prehash: false }));
  const [r, s] = [signature.subarray(0, 48), signature.subarray(48)];
  for (const wrong of [0n, N, 2n ** 384n - 1n]) {
    assert.equal(await verdict(Buffer.concat([big(wrong), s]), key, digest), Status.Forged);
    assert.equal(await verdict(Buffer.concat([r, big(wrong)]), key, digest), Status.Forged);
  }
  const minus = big(N - ((BigInt(`0x${r.toString("hex")}`) * secret) % N));
  assert.equal(await verdict(signature, key, minus), Status.Forged);
});

test("x of the sum between n and p is accepted as x - n", async () => {
  // R has an x just above n; a key for which it is the sum: Q = (s R - e G) / r.
  const { Fp, BASE } = { Fp: p384.Point.Fp, BASE: p384.Point.BASE };
  const point = Array.from({ length: 64 }, (_, i) => N + BigInt(i) + 1n)
    .filter((x) => x < Fp.ORDER)
    .map((x) => {
      try {
        return p384.Point.fromHex(`02${big(x).toString("hex")}`);
      } catch {
        return undefined;
      }
    })
    .find((one) => one !== undefined);
  assert(point);
  const r = point.toAffine().x - N;
  const [s, e] = [77n, 99n];
  const key = point
    .multiply(s)
    .subtract(BASE.multiply(e))
    .multiply(power(r, N - 2n, N));
  const signature = Buffer.concat([big(r), big(s)]);
  assert.equal(await verdict(signature, key.toBytes(false), big(e)), Status.Ok);
  assert.equal(await verdict(signature, key.toBytes(false), big(e + 1n)), Status.Forged);
});
