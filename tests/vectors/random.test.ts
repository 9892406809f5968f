/**
 * Random cases against @noble, and HMAC_DRBG against one written here over node:crypto. SIGNET_CASES says how many a
 * primitive, SIGNET_SEED how they are drawn.
 */
import assert from "node:assert/strict";
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { before, describe, test } from "node:test";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { Status } from "../../assembly/lib/status.ts";
import { type Lab, wasmLab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";

const SEED = process.env["SIGNET_SEED"] ?? "1";
/** The defaults fit a short run; the oracle takes milliseconds for a signature, so there are fewer of those. */
const COUNT = Number(process.env["SIGNET_CASES"] ?? 1000);
const SLOW_COUNT = Number(process.env["SIGNET_CASES"] ?? 150);
const NOTHING = Buffer.alloc(0);

/** Bytes drawn from SEED, a primitive's name and a case's number: SHA-256 in counter mode. */
class Draw {
  private readonly name: string;
  private counter = 0;

  constructor(primitive: string, number: number) {
    this.name = `${SEED}/${primitive}/${number}`;
  }

  bytes(count: number): Buffer {
    const blocks: Buffer[] = [];
    for (let have = 0; have < count; have += 32) {
      blocks.push(createHash("sha256").update(`${this.name}/${this.counter++}`).digest());
    }
    return Buffer.concat(blocks).subarray(0, count);
  }

  below(limit: number): number {
    return this.bytes(4).readUInt32LE() % limit;
  }

  /** Up to `max` bytes. */
  some(max: number): Buffer {
    return this.bytes(this.below(max + 1));
  }
}

/** HMAC_DRBG of SP 800-90A §10.1.2 over node:crypto. */
class Reference {
  private key: Buffer = Buffer.alloc(32);
  private value: Buffer = Buffer.alloc(32, 1);

  constructor(seed: Buffer) {
    this.update(seed);
  }

  private mac(...parts: Buffer[]): Buffer {
    const mac = createHmac("sha256", this.key);
    for (const part of parts) mac.update(part);
    return mac.digest();
  }

  update(data: Buffer): void {
    for (const round of data.length > 0 ? [0, 1] : [0]) {
      this.key = this.mac(this.value, Buffer.from([round]), data);
      this.value = this.mac(this.value);
    }
  }

  generate(count: number): Buffer {
    const blocks: Buffer[] = [];
    for (let have = 0; have < count; have += 32) blocks.push((this.value = this.mac(this.value)));
    this.update(NOTHING);
    return Buffer.concat(blocks).subarray(0, count);
  }
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

describe(`random cases from seed ${SEED}`, () => {
  let lab: Lab;
  before(async () => {
    lab = await wasmLab();
  });

  async function same(number: number, op: Op, fields: Uint8Array[], expected: Uint8Array): Promise<void> {
    const { bytes } = await lab.run(op, ...fields);
    if (!bytes.equals(expected)) {
      assert.fail(`case ${number}: ${fields.map((field) => Buffer.from(field).toString("hex")).join(" ")}`);
    }
  }

  function cases(name: string, count: number, one: (number: number, draw: Draw) => Promise<void>): void {
    test(`${name}, ${count} cases`, async () => {
      for (let number = 0; number < count; number++) await one(number, new Draw(name, number));
    });
  }

  for (const [name, hash, plain, mac, derive] of [
    ["sha256", sha256, Op.Sha256, Op.Hmac256, Op.Hkdf256],
    ["sha512", sha512, Op.Sha512, Op.Hmac512, Op.Hkdf512],
  ] as const) {
    cases(name, COUNT, async (number, draw) => {
      const data = draw.some(400);
      await same(number, plain, [data], hash(data));
    });
    cases(`hmac_${name}`, COUNT, async (number, draw) => {
      const [key, data] = [draw.some(200), draw.some(300)];
      await same(number, mac, [key, data], hmac(hash, key, data));
    });
    cases(`hkdf_${name}`, COUNT, async (number, draw) => {
      const [ikm, salt, info, size] = [draw.some(100), draw.some(200), draw.some(100), draw.below(300)];
      await same(number, derive, [ikm, salt, info, u16(size)], size ? hkdf(hash, ikm, salt, info, size) : NOTHING);
    });
  }

  cases("drbg", COUNT, async (number, draw) => {
    const [entropy, nonce, personal, fresh] = [
      draw.bytes(32 + draw.below(33)),
      draw.some(32),
      draw.some(40),
      draw.bytes(40),
    ];
    const [more, size, isReseeded] = [draw.some(40), draw.below(200), draw.below(2)];
    const reference = new Reference(Buffer.concat([entropy, nonce, personal]));
    if (isReseeded) reference.update(Buffer.concat([fresh, more]));
    reference.generate(size);
    const fields = [entropy, nonce, personal, isReseeded ? fresh : NOTHING, more, u16(size)];
    await same(number, Op.Drbg, fields, reference.generate(size));
  });

  cases("aead", COUNT, async (number, draw) => {
    const [key, nonce, ad, text] = [draw.bytes(32), draw.bytes(12), draw.some(80), draw.some(400)];
    const sealed = chacha20poly1305(key, nonce, ad).encrypt(text);
    await same(number, Op.Seal, [key, nonce, ad, text], sealed);
    const [body, tag] = [Buffer.from(sealed.subarray(0, -16)), Buffer.from(sealed.subarray(-16))];
    await same(number, Op.Open, [key, nonce, ad, body, tag], text);
    tag[draw.below(16)]! ^= 1 << draw.below(8);
    assert.equal((await lab.run(Op.Open, key, nonce, ad, body, tag)).result, Status.Forged);
  });

  cases("sha384", COUNT, async (number, draw) => {
    const data = draw.some(400);
    await same(number, Op.Sha384, [data], sha384(data));
  });

  cases("aes128gcm", COUNT, async (number, draw) => {
    const [key, nonce, ad, text] = [draw.bytes(16), draw.bytes(12), draw.some(80), draw.some(400)];
    const cipher = createCipheriv("aes-128-gcm", key, nonce);
    cipher.setAAD(ad);
    const body = Buffer.concat([cipher.update(text), cipher.final()]);
    const tag = cipher.getAuthTag();
    await same(number, Op.AesSeal, [key, nonce, ad, text], Buffer.concat([body, tag]));
    await same(number, Op.AesOpen, [key, nonce, ad, body, tag], text);
    tag[draw.below(16)]! ^= 1 << draw.below(8);
    assert.equal((await lab.run(Op.AesOpen, key, nonce, ad, body, tag)).result, Status.Forged);
  });

  cases("ed25519", SLOW_COUNT, async (number, draw) => {
    const [seed, head, body] = [draw.bytes(32), draw.some(20), draw.some(200)];
    const message = Buffer.concat([head, body]);
    const key = ed25519.getPublicKey(seed);
    await same(number, Op.Ed25519PublicKey, [seed], key);
    const signature = Buffer.from(ed25519.sign(message, seed));
    await same(number, Op.Ed25519Sign, [seed, key, NOTHING, head, body], signature);
    assert.equal((await lab.run(Op.Ed25519Verify, signature, key, head, body)).result, Status.Ok);
    signature[draw.below(64)]! ^= 1 << draw.below(8);
    assert.equal((await lab.run(Op.Ed25519Verify, signature, key, head, body)).result, Status.Forged);
  });

  cases("ed25519 with noise", SLOW_COUNT, async (_, draw) => {
    const [seed, noise, head, body] = [draw.bytes(32), draw.bytes(32), draw.some(20), draw.some(200)];
    const key = ed25519.getPublicKey(seed);
    const first = (await lab.run(Op.Ed25519Sign, seed, key, noise, head, body)).bytes;
    noise[draw.below(32)]! ^= 1 << draw.below(8);
    const second = (await lab.run(Op.Ed25519Sign, seed, key, noise, head, body)).bytes;
    assert(!first.equals(second));
    assert(ed25519.verify(first, Buffer.concat([head, body]), key, { zip215: false }));
  });

  cases("x25519", SLOW_COUNT, async (number, draw) => {
    const [scalar, point] = [draw.bytes(32), draw.bytes(32)];
    await same(number, Op.X25519PublicKey, [scalar], x25519.getPublicKey(scalar));
    await same(number, Op.X25519, [scalar, point], x25519.scalarMult(scalar, point));
  });
});
