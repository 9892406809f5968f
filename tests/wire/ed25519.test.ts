import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 as noble } from "@noble/curves/ed25519.js";
import { concat, fromHex, hex } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import {
  bytes,
  challenge,
  complete,
  judge,
  little,
  ORDER,
  Point,
  point,
  PRIME,
  times,
  toLittle,
  TORSION,
} from "./rule.ts";

/** A signature by the scalar and points given, for keys that no seed leads to. */
function forge(
  secret: bigint,
  key: Point,
  nonce: bigint,
  torsion: Point,
  message: Uint8Array,
): { signature: Uint8Array; key: Uint8Array } {
  const r = times(Point.BASE, nonce).add(torsion).toBytes();
  return { signature: complete(secret, key.toBytes(), nonce, r, message), key: key.toBytes() };
}

/** Check that both judge alike, and return the verdict. */
function agree(signature: Uint8Array, key: Uint8Array, message: Uint8Array): boolean {
  const verdict = ed25519.verify(signature, key, message);
  assert.equal(
    verdict,
    judge(signature, key, message),
    `signature ${hex(signature)} key ${hex(key)} message ${hex(message)}`,
  );
  return verdict;
}

void test("sign and verify as RFC 8032 §7.1 says", () => {
  // prettier-ignore
  const vectors = [
    ["9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"],
    ["4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"],
    ["c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"],
  ];
  for (const [seed, key, message, signature] of vectors) {
    const pair = ed25519.fromSeed(fromHex(seed!)!);
    assert.equal(hex(pair.publicKey), key);
    assert.equal(hex(ed25519.sign(pair, fromHex(message!)!)), signature);
    assert.ok(agree(fromHex(signature!)!, fromHex(key!)!, fromHex(message!)!));
  }
});

void test("agree with the rule on signatures good, mutated and of another message", () => {
  for (let i = 0; i < 100; i++) {
    const pair = ed25519.fromSeed(bytes(`seed ${i}`));
    const message = bytes(`message ${i}`, i);
    const signature = ed25519.sign(pair, message);
    assert.deepEqual(signature, noble.sign(message, bytes(`seed ${i}`)));
    assert.ok(agree(signature, pair.publicKey, message));
    const mutated = signature.slice();
    mutated[i % 64]! ^= 1 << (i % 8);
    assert.equal(agree(mutated, pair.publicKey, message), false);
    assert.equal(agree(signature, pair.publicKey, concat(message, Uint8Array.of(i))), false);
  }
});

void test("refuse S not below L, and lengths that are not 64 and 32", () => {
  const pair = ed25519.fromSeed(bytes("malleable"));
  const message = bytes("message");
  const signature = ed25519.sign(pair, message);
  for (const multiple of [1n, 2n, 8n]) {
    const s = little(signature.subarray(32)) + multiple * ORDER;
    if (s >= 1n << 256n) continue;
    assert.equal(agree(concat(signature.subarray(0, 32), toLittle(s)), pair.publicKey, message), false);
  }
  for (const s of [ORDER, ORDER + 1n, (1n << 256n) - 1n]) {
    assert.equal(agree(concat(signature.subarray(0, 32), toLittle(s)), pair.publicKey, message), false);
  }
  for (const length of [0, 63, 65]) {
    const other = new Uint8Array(length);
    other.set(signature.subarray(0, length));
    assert.equal(ed25519.verify(other, pair.publicKey, message), false);
  }
  assert.equal(ed25519.verify(signature, pair.publicKey.subarray(0, 31), message), false);
  assert.equal(ed25519.verify(signature, concat(pair.publicKey, Uint8Array.of(0)), message), false);
});

void test("refuse small-order keys and commitments, in every encoding, even where the equation holds", () => {
  const message = bytes("message");
  let equationHeld = 0;
  for (const t of TORSION) {
    for (const u of TORSION) {
      const { signature, key } = forge(0n, t, 0n, u, message);
      const k = challenge(signature.subarray(0, 32), key, message);
      if (u.add(times(t, k)).equals(Point.ZERO)) equationHeld++;
      assert.equal(agree(signature, key, message), false);
    }
    // A small-order R under an honest key: S = k a makes [S]B = R + [k]A up to the torsion, and exactly for the neutral element.
    const secret = little(bytes("secret")) % ORDER;
    const honest = forge(secret, times(Point.BASE, secret), 0n, t, message);
    assert.equal(agree(honest.signature, honest.key, message), false);
  }
  assert.ok(equationHeld >= 8, "some of these pass a verifier that only looks at the equation");
});

void test("refuse non-canonical encodings of the key and the commitment", () => {
  const message = bytes("message");
  const pair = ed25519.fromSeed(bytes("honest"));
  const signature = ed25519.sign(pair, message);
  let onCurve = 0;
  for (let y = 0n; y < 19n; y++) {
    for (const sign of [0n, 1n]) {
      const encoded = toLittle((y + PRIME) | (sign << 255n));
      try {
        Point.fromBytes(encoded, true);
        onCurve++;
      } catch {
        // Not a point in any reading: refused all the same.
      }
      assert.equal(agree(signature, encoded, message), false);
      assert.equal(agree(concat(encoded, signature.subarray(32)), pair.publicKey, message), false);
    }
  }
  assert.ok(onCurve > 10, "most of these are points to a lax decoder");
  for (const y of [0n, 1n, PRIME - 1n]) {
    assert.equal(agree(signature, toLittle(y | (1n << 255n)), message), false);
    assert.equal(agree(concat(toLittle(y | (1n << 255n)), signature.subarray(32)), pair.publicKey, message), false);
  }
});

void test("judge mixed-order keys and commitments by the equation without the cofactor", () => {
  const secret = little(bytes("mixed")) % ORDER;
  let accepted = 0;
  let refused = 0;
  for (let i = 0; i < 64; i++) {
    const message = bytes(`mixed ${i}`);
    const key = times(Point.BASE, secret).add(TORSION[i % 8]!);
    const made = forge(secret, key, little(bytes(`nonce ${i}`)) % ORDER, TORSION[(i >> 3) % 8]!, message);
    if (agree(made.signature, made.key, message)) accepted++;
    else refused++;
    assert.ok(
      noble.verify(made.signature, message, made.key, { zip215: true }),
      "the equation with the cofactor always holds here",
    );
  }
  assert.ok(accepted >= 2 && refused >= 32, `${accepted} accepted, ${refused} refused`);
});

void test("refuse keys that are not on the curve", () => {
  const pair = ed25519.fromSeed(bytes("curve"));
  const message = bytes("message");
  const signature = ed25519.sign(pair, message);
  let off = 0;
  for (let y = 2n; y < 40n; y++) {
    const encoded = toLittle(y);
    assert.equal(agree(signature, encoded, message), false);
    if (point(encoded) === undefined) {
      off++;
      assert.equal(agree(concat(encoded, signature.subarray(32)), pair.publicKey, message), false);
    }
  }
  assert.ok(off > 10);
});
