/** The cipher suites of the scripted server, and what the key schedule makes of each one's hash (RFC 8446 §7.1). */
import { createHash, createHmac } from "node:crypto";

export const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
export const vector8 = (value: Uint8Array): Buffer => Buffer.concat([Buffer.from([value.length]), value]);

/** A cipher suite: its number, its cipher, and its hash with all that the key schedule makes of it. */
export class Suite {
  readonly number: number;
  readonly zeros: Buffer;
  readonly cipher: "chacha20-poly1305" | "aes-128-gcm";
  readonly keyBytes: number;
  readonly #hash: string;

  constructor(number: number, hash: string, cipher: Suite["cipher"] = "chacha20-poly1305", keyBytes = 32) {
    this.number = number;
    this.cipher = cipher;
    this.keyBytes = keyBytes;
    this.#hash = hash;
    this.zeros = Buffer.alloc(this.hash(Buffer.alloc(0)).length);
  }

  hash(data: Uint8Array): Buffer {
    return createHash(this.#hash).update(data).digest();
  }

  hmac(key: Uint8Array, data: Uint8Array): Buffer {
    return createHmac(this.#hash, key).update(data).digest();
  }

  expandLabel(secret: Uint8Array, label: string, context: Uint8Array, len = this.zeros.length): Buffer {
    const info = Buffer.concat([u16(len), vector8(Buffer.from(`tls13 ${label}`)), vector8(context), Buffer.from([1])]);
    return this.hmac(secret, info).subarray(0, len);
  }
}

export const CHACHA20_POLY1305_SHA256 = new Suite(0x1303, "sha256");
export const AES_128_GCM_SHA256 = new Suite(0x1301, "sha256", "aes-128-gcm", 16);
