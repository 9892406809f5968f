/** The secrets of signing with an Ed25519 key, and the search for their remains in a memory. */
import { createHash } from "node:crypto";
import { toBeSigned, type Sign1 } from "../../tools/wire/sign1.ts";

export interface Secret {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The group order L (RFC 8032 §5.1). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function number(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString("hex")}`);
}

function littleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
}

const sha512 = (...parts: readonly Uint8Array[]): Buffer => createHash("sha512").update(Buffer.concat(parts)).digest();

/** The secrets of a seed, and the nonce of each message that was signed with it: S = r + H(R ‖ A ‖ M) a gives r away to who knows a. */
export function secretsOf(seed: Uint8Array, key: Uint8Array, signed: readonly Sign1[]): Secret[] {
  const expanded = sha512(seed);
  const scalar = Buffer.from(expanded.subarray(0, 32));
  scalar[0]! &= 0xf8;
  scalar[31] = (scalar[31]! & 0x7f) | 0x40;
  const a = number(scalar);
  const nonces = signed.map(({ kind, protectedHeader, payload, signature }) => {
    const [r, s] = [signature.subarray(0, 32), number(signature.subarray(32))];
    const h = number(sha512(r, key, toBeSigned(protectedHeader, payload))) % ORDER;
    const nonce = (((s - h * a) % ORDER) + ORDER) % ORDER;
    return { name: `the nonce of a ${kind}`, bytes: littleEndian(nonce) };
  });
  return [
    { name: "the seed", bytes: seed },
    { name: "the hash of the seed", bytes: expanded },
    { name: "the scalar", bytes: scalar },
    { name: "the scalar below the order", bytes: littleEndian(a % ORDER) },
    ...nonces,
  ];
}

/** Reverse each `size` bytes: words as a processor keeps them of a big-endian block. */
function swapped(bytes: Uint8Array, size: number): Buffer {
  const out = Buffer.from(bytes);
  for (let at = 0; at + size <= out.length; at += size) out.subarray(at, at + size).reverse();
  return out;
}

/** Six bytes in a row, anywhere, or a whole word in its place: chance gives less than one in a thousand memories either. */
const PIECE_BYTES = 6;
const WORD_BYTES = 4;

/** Find pieces of secrets in a memory, in each byte order; says which, and where. */
export function remains(memory: Buffer, secrets: readonly Secret[]): string[] {
  const pieces = new Map<string, string>();
  const words = new Map<number, string>();
  for (const { name, bytes } of secrets) {
    for (const order of [Buffer.from(bytes), swapped(bytes, 4), swapped(bytes, 8)]) {
      for (let at = 0; at + PIECE_BYTES <= order.length; at++)
        pieces.set(order.toString("latin1", at, at + PIECE_BYTES), `${name} from byte ${at}`);
      for (let at = 0; at < order.length; at += WORD_BYTES)
        words.set(order.readUInt32LE(at), `a word of ${name} from byte ${at}`);
    }
  }
  const text = memory.toString("latin1");
  const found: string[] = [];
  for (let at = 0; at + PIECE_BYTES <= text.length; at++) {
    const piece = pieces.get(text.slice(at, at + PIECE_BYTES));
    const word = at % WORD_BYTES === 0 ? words.get(memory.readUInt32LE(at)) : undefined;
    const what = piece ?? word;
    if (what !== undefined) found.push(`${what} at ${at.toString(16)}`);
  }
  return found;
}
