/** The operations that handle secrets, and the secrets that each is tried with. */
import { createCipheriv, createHash } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { N } from "../lab/field256.ts";
import { Op } from "../lab/op.ts";
import type { Request } from "./tracer.ts";

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;

function littleEndian(x: bigint): Buffer {
  return Buffer.from(x.toString(16).padStart(64, "0"), "hex").reverse();
}

/** Secrets of `length` bytes: the extremes, and as many random ones as asked for. */
function secrets(name: string, length: number, count: number): Buffer[] {
  const edges = [0x00, 0xff, 0x01, 0x80, 0x7f, 0xaa].map((byte) => Buffer.alloc(length, byte));
  const [one, top] = [Buffer.alloc(length), Buffer.alloc(length)];
  one[0] = 1;
  top[length - 1] = 0x80;
  const numbers = length === 32 ? [L, L - 1n, L + 1n, P, P - 1n, P + 1n, 2n ** 255n - 1n].map(littleEndian) : [];
  const random = Array.from({ length: count }, (_, i) =>
    createHash("shake256", { outputLength: length }).update(`${name}/${i}`).digest(),
  );
  return [...edges, one, top, ...numbers, ...random];
}

/** Public inputs of a fixed length. */
function given(name: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(name).digest();
}

/** A secret of P-256 near the one given: a number in 1..n - 1, big-endian. */
function below(secret: Buffer): Buffer {
  const x = (BigInt(`0x${secret.toString("hex")}`) % (N - 1n)) + 1n;
  return Buffer.from(x.toString(16).padStart(64, "0"), "hex");
}

const NOTHING = Buffer.alloc(0);

function sealed(key: Buffer, nonce: Buffer, ad: Buffer, text: Buffer): [Buffer, Buffer] {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  cipher.setAAD(ad, { plaintextLength: text.length });
  return [Buffer.concat([cipher.update(text), cipher.final()]), cipher.getAuthTag()];
}

/** All runs of one operation, which must be one and the same trace. */
export interface Operation {
  readonly name: string;
  readonly requests: readonly Request[];
}

/** Every operation with `count` random secrets and the edge ones. */
export function operations(count: number): Operation[] {
  const [point, nonce, ad, text] = [given("point", 32), given("nonce", 12), given("ad", 13), given("text", 150)];
  const [head, body, noise] = [given("head", 20), given("body", 64), given("noise", 32)];
  const of = (name: string, length: number, make: (secret: Buffer) => Request): Operation => ({
    name,
    requests: secrets(name, length, count).map(make),
  });
  const size = Buffer.from([0, 80]);
  return [
    of("ed25519 keygen", 32, (seed) => ({ op: Op.Ed25519PublicKey, fields: [seed] })),
    of("ed25519 sign", 32, (seed) => ({
      op: Op.Ed25519Sign,
      fields: [seed, ed25519.getPublicKey(seed), NOTHING, head, body],
    })),
    of("ed25519 sign with noise", 32, (seed) => ({
      op: Op.Ed25519Sign,
      fields: [seed, ed25519.getPublicKey(seed), noise, head, body],
    })),
    of("ed25519 sign, the noise", 32, (secret) => ({
      op: Op.Ed25519Sign,
      fields: [point, ed25519.getPublicKey(point), secret, head, body],
    })),
    of("x25519 public key", 32, (scalar) => ({ op: Op.X25519PublicKey, fields: [scalar] })),
    of("x25519", 32, (scalar) => ({ op: Op.X25519, fields: [scalar, point] })),
    of("hmac256 key", 32, (key) => ({ op: Op.Hmac256, fields: [key, body] })),
    of("hmac256 data", 100, (data) => ({ op: Op.Hmac256, fields: [point, data] })),
    of("hmac512 key", 32, (key) => ({ op: Op.Hmac512, fields: [key, body] })),
    of("hkdf256", 32, (ikm) => ({ op: Op.Hkdf256, fields: [ikm, point, head, size] })),
    of("aead seal, key", 32, (key) => ({ op: Op.Seal, fields: [key, nonce, ad, text] })),
    of("aead seal, text", 150, (secret) => ({ op: Op.Seal, fields: [point, nonce, ad, secret] })),
    of("aead open", 32, (key) => ({ op: Op.Open, fields: [key, nonce, ad, ...sealed(key, nonce, ad, text)] })),
    of("aead open, forged", 16, (tag) => ({ op: Op.Open, fields: [point, nonce, ad, text, tag] })),
    of("p256 public key", 32, (secret) => ({ op: Op.P256PublicKey, fields: [below(secret)] })),
    of("ecdh256", 32, (secret) => ({ op: Op.Ecdh256, fields: [below(secret), p256.getPublicKey(point, false)] })),
    of("ecdsa256 sign", 32, (secret) => ({ op: Op.Ecdsa256Sign, fields: [below(secret), point, NOTHING] })),
    of("ecdsa256 sign, the noise", 32, (secret) => ({ op: Op.Ecdsa256Sign, fields: [point, point, secret] })),
    of("aes128gcm seal, key", 16, (key) => ({ op: Op.AesSeal, fields: [key, nonce, ad, text] })),
    of("aes128gcm seal, text", 150, (secret) => ({ op: Op.AesSeal, fields: [point.subarray(16), nonce, ad, secret] })),
    of("aes128gcm open, forged", 16, (tag) => ({ op: Op.AesOpen, fields: [point.subarray(16), nonce, ad, text, tag] })),
    of("drbg", 48, (entropy) => ({ op: Op.Drbg, fields: [entropy, nonce, head, NOTHING, NOTHING, size] })),
  ];
}
