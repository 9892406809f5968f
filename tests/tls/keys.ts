/** How the scripted server seals and opens records, by Node's own ciphers. */
import { createCipheriv, createDecipheriv, type CipherGCMTypes } from "node:crypto";
import { u16, type Suite } from "./suite.ts";

/** One direction's keys. */
export class Keys {
  readonly #cipher: CipherGCMTypes;
  readonly #key: Buffer;
  readonly #iv: Buffer;
  #sequence = 0n;

  constructor(suite: Suite, secret: Uint8Array) {
    // Node calls both ciphers in the same way.
    this.#cipher = suite.cipher as CipherGCMTypes;
    this.#key = suite.expandLabel(secret, "key", Buffer.alloc(0), suite.keyBytes);
    this.#iv = suite.expandLabel(secret, "iv", Buffer.alloc(0), 12);
  }

  #nonce(): Buffer {
    const nonce = Buffer.from(this.#iv);
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ this.#sequence++, 4);
    return nonce;
  }

  seal(type: number, content: Uint8Array, padding: number): Buffer {
    const inner = Buffer.concat([content, type < 0 ? Buffer.alloc(0) : Buffer.from([type]), Buffer.alloc(padding)]);
    const header = Buffer.concat([Buffer.from([23, 3, 3]), u16(inner.length + 16)]);
    const cipher = createCipheriv(this.#cipher, this.#key, this.#nonce(), { authTagLength: 16 });
    cipher.setAAD(header, { plaintextLength: inner.length });
    return Buffer.concat([header, cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
  }

  open(record: Buffer): { type: number; content: Buffer } {
    const decipher = createDecipheriv(this.#cipher, this.#key, this.#nonce(), { authTagLength: 16 });
    decipher.setAAD(record.subarray(0, 5), { plaintextLength: record.length - 21 });
    decipher.setAuthTag(record.subarray(-16));
    const inner = Buffer.concat([decipher.update(record.subarray(5, -16)), decipher.final()]);
    let end = inner.length;
    while (inner[end - 1] === 0) end--;
    return { type: inner[end - 1]!, content: inner.subarray(0, end - 1) };
  }
}
