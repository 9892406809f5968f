// weight: 12 s, 1 core
/** The public operation of RSA in the wasm against BigInt, and both signature schemes against node:crypto. SIGNET_CASES says how many cases. */
import assert from "node:assert/strict";
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { test } from "node:test";
import { Status } from "../../assembly/lib/status.ts";
import { Stream } from "../lab/field.ts";
import { power } from "../lab/field256.ts";
import { wasmLab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";

const COUNT = Number(process.env["SIGNET_CASES"] ?? 3);
const SEED = process.env["FIELD_SEED"] ?? "rsa";
const lab = await wasmLab();

function big(x: bigint, length: number): Buffer {
  return Buffer.from(x.toString(16).padStart(2 * length, "0"), "hex");
}

function number(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex")}`);
}

/** Odd moduli with the top bit set, whose words are at the bounds of carries and of the estimated quotient, then random ones. */
function moduli(length: number, random: Stream): bigint[] {
  const top = 1n << BigInt(8 * length - 1);
  const edges = [top + 1n, 2n * top - 1n, top + 0xffffffffn, 2n * top - 0xffffffffn, top + top / 2n + 1n];
  const words = (top >> 31n) * 0x80000000n + (top >> 32n) - 1n;
  const drawn = Array.from({ length: COUNT }, () => number(random.take(length)) | top | 1n);
  return [...edges, words | 1n, ...drawn];
}

for (const length of [256, 264, 384, 512]) {
  test(`the power of numbers of ${8 * length} bits, seed "${SEED}"`, async () => {
    const random = new Stream(`${SEED} ${length}`);
    for (const modulus of moduli(length, random)) {
      const drawn = Array.from({ length: COUNT }, () => number(random.take(length)) % modulus);
      for (const x of [0n, 1n, 2n, modulus - 1n, modulus >> 1n, modulus - (1n << 32n), ...drawn]) {
        const { bytes } = await lab.run(Op.RsaRaise, big(x, length), big(modulus, length));
        assert.equal(number(bytes), power(x, 65537n, modulus), `${x.toString(16)} modulo ${modulus.toString(16)}`);
      }
      for (const x of [modulus, 2n ** BigInt(8 * length) - 1n]) {
        if (x < modulus) continue;
        const { result } = await lab.run(Op.RsaRaise, big(x, length), big(modulus, length));
        assert.equal(result, Status.Forged, "a signature that is not below the modulus");
      }
    }
  });
}

test("moduli of other forms are refused", async () => {
  const odd = Buffer.alloc(256, 0xff);
  const even = Buffer.from(odd);
  even[255] = 0xfe;
  const low = Buffer.from(odd);
  low[0] = 0x7f;
  for (const modulus of [even, low, odd.subarray(8), Buffer.alloc(260, 0xff), Buffer.alloc(520, 0xff)]) {
    const { result } = await lab.run(Op.RsaRaise, Buffer.alloc(modulus.length, 1), modulus);
    assert.equal(result, Status.Forged, `${modulus.length} bytes`);
  }
});

function modulusOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).n!, "base64url");
}

const SCHEMES = [
  ["PKCS#1 v1.5", Op.Pkcs1Verify, { padding: constants.RSA_PKCS1_PADDING }],
  ["PSS", Op.PssVerify, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }],
] as const;

for (const [name, op, options] of SCHEMES) {
  test(`${name}: signatures of node:crypto, and each with one bit changed`, async () => {
    const random = new Stream(`${SEED} ${name}`);
    for (const modulusLength of [2048, 2112]) {
      const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength });
      const modulus = modulusOf(publicKey);
      for (const hash of ["sha256", "sha384", "sha512"]) {
        for (let i = 0; i < COUNT; i++) {
          const message = random.take(40);
          const digest = createHash(hash).update(message).digest();
          const signature = sign(hash, message, { key: privateKey, ...options });
          assert.equal((await lab.run(op, signature, modulus, digest)).result, Status.Ok, hash);
          const wrong = Buffer.from(digest);
          wrong[random.below(digest.length)]! ^= 1 << random.below(8);
          assert.equal((await lab.run(op, signature, modulus, wrong)).result, Status.Forged);
          signature[random.below(signature.length)]! ^= 1 << random.below(8);
          assert.equal((await lab.run(op, signature, modulus, digest)).result, Status.Forged);
          assert.equal((await lab.run(op, signature, modulus, digest.subarray(1))).result, Status.Forged);
        }
      }
    }
  });
}

test("PSS with a salt of another length is refused", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const message = Buffer.from("salt");
  const digest = createHash("sha256").update(message).digest();
  for (const saltLength of [0, 31, 33]) {
    const signature = sign("sha256", message, {
      key: privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    });
    const { result } = await lab.run(Op.PssVerify, signature, modulusOf(publicKey), digest);
    assert.equal(result, Status.Forged, `${saltLength} bytes of salt`);
  }
});
