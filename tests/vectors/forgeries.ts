/**
 * Stored reports whose signatures probe the verification rule, class by class, each with the verdict it must have.
 *
 * Wherever the mathematics allow it the equation holds, so that a verifier that leaves one check out accepts the forgery:
 * the report's counter is raised until the challenge has the residue modulo 8 that this takes.
 */
import { concat } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { id } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open, seal, toBeSigned } from "../../tools/wire/sign1.ts";
import * as rule from "../wire/rule.ts";

export interface Forgery {
  readonly name: string;
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
  /** The signed message. */
  readonly message: Uint8Array;
  /** The report as the server would store it. */
  readonly report: Uint8Array;
  /** The verdict of every verifier. */
  readonly expected: boolean;
}

/** Makes the signature of a message. */
type Signer = (message: Uint8Array) => Uint8Array;

const SIGN = 1n << 255n;
const scribe = ed25519.fromSeed(rule.bytes("scribe"));
const secret = rule.little(rule.bytes("secret")) % rule.ORDER;
const nonce = rule.little(rule.bytes("nonce")) % rule.ORDER;

/** A report in the name of a key, whatever the key is, with a signature to be filled in. */
function blank(key: Uint8Array, counter: number): { body: Uint8Array; message: Uint8Array } {
  const data = rule.bytes("data");
  const own = { audience: "signet.example", counter, prev: messages.NO_HEAD.hash, data, session: new Uint8Array(12) };
  const { payload } = open(messages.sealReport(scribe, own));
  const bytes = seal("report", id(key), scribe, payload);
  const { protectedHeader } = open(bytes);
  return { body: bytes.subarray(0, -ed25519.SIGNATURE_BYTES), message: toBeSigned(protectedHeader, payload) };
}

function forge(name: string, expected: boolean, key: Uint8Array, sign: Signer, counter = 1): Forgery {
  const { body, message } = blank(key, counter);
  const signature = sign(message);
  return { name, expected, key, signature, message, report: concat(body, signature) };
}

/** Forge reports until the equation holds, or until it does not. */
function forgeUntil(name: string, holds: boolean, expected: boolean, key: Uint8Array, sign: Signer): Forgery {
  for (let counter = 1; counter < 1000; counter++) {
    const one = forge(name, expected, key, sign, counter);
    if (rule.judgeLaxly(one.signature, key, one.message) === holds) return one;
  }
  throw new Error(`${name}: no counter makes the equation ${holds ? "hold" : "fail"}`);
}

/** A point of small order in one of its encodings: `index` says which of rule.TORSION it is. */
interface Small {
  readonly name: string;
  readonly index: number;
  readonly encoded: Uint8Array;
}

/** The eight points of small order, and the six encodings of four of them that are not canonical. */
export const SMALL: readonly Small[] = [
  ...rule.TORSION.map((point, index) => ({ name: `small order ${index}`, index, encoded: point.toBytes() })),
  { name: "y = p", index: 6, encoded: rule.toLittle(rule.PRIME) },
  { name: "y = p with a sign", index: 2, encoded: rule.toLittle(rule.PRIME | SIGN) },
  { name: "y = p + 1", index: 0, encoded: rule.toLittle(rule.PRIME + 1n) },
  { name: "y = p + 1 with a sign", index: 0, encoded: rule.toLittle((rule.PRIME + 1n) | SIGN) },
  { name: "x = 0, y = 1 with a sign", index: 0, encoded: rule.toLittle(1n | SIGN) },
  { name: "x = 0, y = -1 with a sign", index: 4, encoded: rule.toLittle((rule.PRIME - 1n) | SIGN) },
];

function base(scalar: bigint): rule.Point {
  return rule.times(rule.Point.BASE, scalar);
}

function honest(key: ed25519.SigningKey): Signer {
  return (message) => ed25519.sign(key, message);
}

/** The signature with its scalar replaced. */
function withScalar(sign: Signer, change: (s: bigint) => bigint): Signer {
  return (message) => {
    const made = sign(message);
    return concat(made.subarray(0, 32), rule.toLittle(change(rule.little(made.subarray(32)))));
  };
}

/** The signature with its commitment replaced. */
function withCommitment(sign: Signer, r: Uint8Array): Signer {
  return (message) => concat(r, sign(message).subarray(32));
}

function valid(): Forgery[] {
  return Array.from({ length: 16 }, (_, i) => {
    const key = ed25519.fromSeed(rule.bytes(`valid ${i}`));
    const altered = (message: Uint8Array): Uint8Array => {
      const made = ed25519.sign(key, message);
      made[4 * i]! ^= 1 << (i % 8);
      return made;
    };
    return [
      forge(`valid ${i}`, true, key.publicKey, honest(key)),
      forge(`altered at ${4 * i}`, false, key.publicKey, altered),
    ];
  }).flat();
}

/** Anyone signs for a small-order A: [S]B = R + [k]A wherever k is a multiple of its order. */
function smallKeys(): Forgery[] {
  const r = base(nonce).toBytes();
  return SMALL.map(({ name, encoded }) =>
    forgeUntil(`A: ${name}`, true, false, encoded, (message) => rule.complete(0n, encoded, nonce, r, message)),
  );
}

/** S = k a for a key of mixed order: [S]B = R + [k]A wherever R takes the key's torsion, times k, away. */
function smallCommitments(): Forgery[] {
  const key = base(secret).add(rule.TORSION[1]!).toBytes();
  return SMALL.map(({ name, encoded }) =>
    forgeUntil(`R: ${name}`, true, false, key, (message) => rule.complete(secret, key, 0n, encoded, message)),
  );
}

/** Both of small order, S = 0: every pair of encodings, the equation holding wherever it can. */
function smallPairs(): Forgery[] {
  return SMALL.flatMap((a) =>
    SMALL.map((r) => {
      const name = `A: ${a.name}, R: ${r.name}`;
      const sign: Signer = (message) => rule.complete(0n, a.encoded, 0n, r.encoded, message);
      const order = 8 / gcd(a.index, 8);
      const possible = (r.index * order) % 8 === 0;
      return possible ? forgeUntil(name, true, false, a.encoded, sign) : forge(name, false, a.encoded, sign);
    }),
  );
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * y from p + 2 to p + 18, and both signs: their logarithms are unknown, so these are refused by more than one check.
 */
function unreduced(): Forgery[] {
  const key = ed25519.fromSeed(rule.bytes("unreduced"));
  return Array.from({ length: 17 }, (_, i) => [BigInt(i + 2), BigInt(i + 2) | SIGN])
    .flat()
    .flatMap((y) => {
      const encoded = rule.toLittle(rule.PRIME + y);
      const name = `y = p + ${y & 0xffn}${y < SIGN ? "" : " with a sign"}`;
      return [
        forge(`A: ${name}`, false, encoded, honest(key)),
        forge(`R: ${name}`, false, key.publicKey, withCommitment(honest(key), encoded)),
      ];
    });
}

/**
 * Torsion on A, on R and on both: what holds without the cofactor is valid, what only holds with it is not. Each pair once
 * with each verdict that it can have.
 */
function mixed(): Forgery[] {
  return rule.TORSION.flatMap((t, i) =>
    rule.TORSION.flatMap((u, j) => {
      const key = base(secret).add(t).toBytes();
      const r = base(nonce).add(u).toBytes();
      const sign: Signer = (message) => rule.complete(secret, key, nonce, r, message);
      const order = 8 / gcd(i, 8);
      const name = `torsion ${i} on A, ${j} on R`;
      const both: Forgery[] = [];
      if ((j * order) % 8 === 0) both.push(forgeUntil(`${name}: holds`, true, true, key, sign));
      if (i !== 0 || j !== 0) both.push(forgeUntil(`${name}: holds with the cofactor`, false, false, key, sign));
      return both;
    }),
  );
}

/** S + L to S + 15 L of a valid signature, and scalars about L and 2^256 by themselves. */
function largeScalars(): Forgery[] {
  const key = ed25519.fromSeed(rule.bytes("scalar"));
  const multiples = Array.from({ length: 15 }, (_, i) => BigInt(i + 1));
  const sums = multiples.map((m) =>
    forge(
      `S + ${m} L`,
      false,
      key.publicKey,
      withScalar(honest(key), (s) => s + m * rule.ORDER),
    ),
  );
  const { ORDER } = rule;
  const fixed = { "0": 0n, "L - 1": ORDER - 1n, L: ORDER, "L + 1": ORDER + 1n, "2^256 - 1": (1n << 256n) - 1n };
  const alone = Object.entries(fixed).map(([name, s]) =>
    forge(
      `S = ${name}`,
      false,
      key.publicKey,
      withScalar(honest(key), () => s),
    ),
  );
  const bits = [252n, 253n, 254n, 255n].map((bit) =>
    forge(
      `S with bit ${bit}`,
      false,
      key.publicKey,
      withScalar(honest(key), (s) => s | (1n << bit)),
    ),
  );
  return [...sums, ...alone, ...bits];
}

/** The first y that belong to no point, with both signs. */
function offCurve(): Forgery[] {
  const key = ed25519.fromSeed(rule.bytes("off"));
  return Array.from({ length: 40 }, (_, i) => [BigInt(i), BigInt(i) | SIGN])
    .flat()
    .filter((y) => rule.lax(rule.toLittle(y)) === undefined)
    .flatMap((y) => {
      const encoded = rule.toLittle(y);
      const name = `y = ${y & 0xffn}${y < SIGN ? "" : " with a sign"}, not on the curve`;
      return [
        forge(`A: ${name}`, false, encoded, honest(key)),
        forge(`R: ${name}`, false, key.publicKey, withCommitment(honest(key), encoded)),
      ];
    });
}

/** Every class, by what it is, and how many of its forgeries at least a verifier must take for valid that checks only the equation. */
export const CLASSES: readonly { readonly name: string; readonly make: () => Forgery[]; readonly tempting: number }[] =
  [
    { name: "valid and altered signatures", make: valid, tempting: 0 },
    { name: "A of small order, in 14 encodings", make: smallKeys, tempting: 14 },
    { name: "R of small order, in 14 encodings", make: smallCommitments, tempting: 14 },
    { name: "A and R of small order", make: smallPairs, tempting: 100 },
    { name: "A and R not reduced", make: unreduced, tempting: 0 },
    { name: "A and R of mixed order", make: mixed, tempting: 0 },
    { name: "S not below L", make: largeScalars, tempting: 15 },
    { name: "A and R not on the curve", make: offCurve, tempting: 0 },
  ];
