/** Operations of the lab, each with the one field that is secret: for checks that mark secrets instead of comparing runs. */
import { createCipheriv } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { Op } from "../lab/op.ts";

export interface Secret {
  readonly name: string;
  readonly op: Op;
  readonly fields: readonly Buffer[];
  /** The place of the secret among the fields. */
  readonly secret: number;
  /** True if the operation branches on its verdict, which is public by contract. */
  readonly hasVerdict: boolean;
}

export function bytes(length: number, first: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => first + 7 * i));
}

const [KEY, POINT, NONCE, TEXT, NOTHING] = [bytes(32, 1), bytes(32, 9), bytes(12, 3), bytes(150, 5), Buffer.alloc(0)];
const [SIZE, AES_KEY, DIGEST] = [Buffer.from([0, 80]), bytes(16, 1), bytes(32, 17)];

/** The ciphertext and the tag of a text. */
function sealed(cipher: "chacha20-poly1305" | "aes-128-gcm", key: Buffer): [Buffer, Buffer] {
  const made = createCipheriv(cipher as "chacha20-poly1305", key, NONCE, { authTagLength: 16 });
  made.setAAD(POINT, { plaintextLength: TEXT.length });
  return [Buffer.concat([made.update(TEXT), made.final()]), made.getAuthTag()];
}

function row(name: string, op: Op, fields: readonly Buffer[], secret: number, hasVerdict = false): Secret {
  return { name, op, fields, secret, hasVerdict };
}

const PUBLIC_KEY = Buffer.from(ed25519.getPublicKey(KEY));
const PEER = Buffer.from(p256.getPublicKey(POINT, false));

// prettier-ignore
export const SECRETS: readonly Secret[] = [
  row("ed25519 keygen",      Op.Ed25519PublicKey, [KEY], 0),
  row("ed25519 sign",        Op.Ed25519Sign,      [KEY, PUBLIC_KEY, NOTHING, NONCE, TEXT], 0, true),
  row("ed25519 sign, noise", Op.Ed25519Sign,      [KEY, PUBLIC_KEY, POINT, NONCE, TEXT], 2, true),
  row("x25519 public key",   Op.X25519PublicKey,  [KEY], 0),
  row("x25519",              Op.X25519,           [KEY, POINT], 0, true),
  row("hmac256",             Op.Hmac256,          [KEY, TEXT], 0),
  row("hmac512",             Op.Hmac512,          [KEY, TEXT], 0),
  row("hkdf256",             Op.Hkdf256,          [KEY, POINT, TEXT, SIZE], 0),
  row("aead seal, key",      Op.Seal,             [KEY, NONCE, POINT, TEXT], 0),
  row("aead seal, text",     Op.Seal,             [KEY, NONCE, POINT, TEXT], 3),
  row("aead open",           Op.Open,             [KEY, NONCE, POINT, ...sealed("chacha20-poly1305", KEY)], 0, true),
  row("aes128gcm, key",      Op.AesSeal,          [AES_KEY, NONCE, POINT, TEXT], 0),
  row("aes128gcm, text",     Op.AesSeal,          [AES_KEY, NONCE, POINT, TEXT], 3),
  row("aes128gcm open",      Op.AesOpen,          [AES_KEY, NONCE, POINT, ...sealed("aes-128-gcm", AES_KEY)], 0, true),
  row("p256 public key",     Op.P256PublicKey,    [KEY], 0, true),
  row("ecdh256",             Op.Ecdh256,          [KEY, PEER], 0, true),
  row("ecdsa256 sign",       Op.Ecdsa256Sign,     [KEY, DIGEST, NOTHING], 0, true),
  row("ecdsa256 sign, noise", Op.Ecdsa256Sign,    [KEY, DIGEST, POINT], 2, true),
  row("drbg",                Op.Drbg,             [TEXT, NONCE, POINT, NOTHING, NOTHING, SIZE], 0),
];
