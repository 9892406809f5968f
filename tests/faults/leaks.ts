/** The information that a signature made under a fault reveals. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { fixedBytes } from "../tls/client.ts";
import { challenge, little, ORDER as L, Point } from "../wire/rule.ts";
import { body, head, key, mod, seed } from "./attacks.ts";
import type { Campaign, Run } from "./campaign.ts";
import { Answered, Op } from "./op.ts";

const noises = [fixedBytes("faults: noise 0", 32), fixedBytes("faults: noise 1", 32)];
const bodies = [body, fixedBytes("faults: other body", 200)];

/** Two signatures by one key, each under noise of its own, to be compared fault by fault. */
export function signing(op: Op = Op.Sign): Pick<Campaign, "before" | "targets">[] {
  return noises.map((noise, i) => ({
    before: [
      { op: Op.Keep, fields: [seed, key, fixedBytes("faults: noise before", 32), head, fixedBytes("before", 100)] },
      { op, fields: [] },
      { op: Op.Keep, fields: [seed, key, noise, head, bodies[i]!] },
    ],
    targets: [{ op, fields: [] }],
  }));
}

/**
 * The fate of a signature. Cut: it lacks bytes of the genuine one and has nothing else. Another: it is right, but of other
 * bytes than intended, or by another seed. Spoilt: it is none of these, and wrong. Leaks: an attacker knows its nonce in whole
 * or in part.
 */
export type Fate = "refused" | "genuine" | "cut" | "another" | "spoilt" | "leaks";

const extended = ed25519.utils.getExtendedPublicKey(seed);
const secret = mod(extended.scalar);

/** The eight words of a number below 2^256. */
function wordsOf(x: bigint): bigint[] {
  return Array.from({ length: 8 }, (_, i) => (x >> BigInt(32 * i)) & 0xffff_ffffn);
}

/** Forbidden values of a nonce or of one of its words: zero, the noise, and the parts of the key. */
const KNOWN = [0n, ...noises.map(little), little(seed), secret, mod(little(extended.prefix))].map(wordsOf);

const shareWord = (a: readonly bigint[], b: readonly bigint[]): boolean => a.some((word, i) => word === b[i]);

/** True if a nonce is known in a part: a word of it is one of those above at that place, or the same as the word before it. */
function isKnown(nonce: bigint): boolean {
  const words = wordsOf(nonce);
  const least = nonce < L - nonce ? nonce : L - nonce;
  return (
    least < 1n << 220n ||
    KNOWN.some((known) => shareWord(words, known)) ||
    words.some((word, i) => i > 0 && word === words[i - 1])
  );
}

/** A signature that left the device, the one that would have without the fault, and the request as it is in memory then. */
interface Released {
  readonly signature: Buffer;
  readonly genuine: Buffer;
  readonly kept: Buffer;
  /** The beginning of memory. */
  readonly low: Buffer;
  readonly isKept: boolean;
}

/** Places of the request's fields: seed, key, noise, head, body. */
const FIELDS = [2, 36, 70, 104, 146] as const;
const [SEED_AT, KEY_AT, , HEAD_AT, BODY_AT] = FIELDS;

const HEAD_BYTES = 40;
const BODY_BYTES = 200;

/** Return the signed message, if the fields are at the given places. */
function messageIn(
  kept: Buffer,
  at: number = HEAD_AT,
  len = HEAD_BYTES,
  bodyAt: number = BODY_AT,
  bodyLen = BODY_BYTES,
): Buffer {
  return Buffer.concat([kept.subarray(at, at + len), kept.subarray(bodyAt, bodyAt + bodyLen)]);
}

/** True if it is a signature of a message by the seed at `seedAt`, for the key at `keyAt`. */
function isSignature(
  { signature, kept }: Released,
  message: Buffer,
  seedAt: number = SEED_AT,
  keyAt: number = KEY_AT,
): boolean {
  const r = signature.subarray(0, 32);
  const k = challenge(r, kept.subarray(keyAt, keyAt + 32), message);
  const by = ed25519.utils.getExtendedPublicKey(kept.subarray(seedAt, seedAt + 32)).scalar;
  // S B - k A by the seed's own scalar: one multiplication.
  const point = mod(little(signature.subarray(32)) - k * by);
  return point !== 0n && r.equals(Point.BASE.multiply(point).toBytes());
}

/** True if one wrong argument explains it: a pointer to another field, to memory that is zero, or made of a length; or a length. */
function isOfAnother(released: Released): boolean {
  const zeros = released.kept.length;
  const low = zeros + BODY_BYTES;
  const kept = Buffer.concat([released.kept, Buffer.alloc(BODY_BYTES), released.low]);
  return isOfAnotherIn({ ...released, kept }, [...FIELDS, zeros, low + HEAD_BYTES, low + BODY_BYTES], low);
}

function isOfAnotherIn(released: Released, places: readonly number[], longest: number): boolean {
  const { kept } = released;
  const lengths = Array.from({ length: longest }, (_, i) => i);
  return (
    places.some((at) => isSignature(released, messageIn(kept), at)) ||
    places.some((at) => isSignature(released, messageIn(kept), SEED_AT, at)) ||
    places.some((at) => isSignature(released, messageIn(kept, at))) ||
    places.some((at) => isSignature(released, messageIn(kept, HEAD_AT, HEAD_BYTES, at))) ||
    lengths.some((len) => isSignature(released, messageIn(kept, HEAD_AT, len))) ||
    lengths.some((len) => isSignature(released, messageIn(kept, HEAD_AT, HEAD_BYTES, BODY_AT, len)))
  );
}

/**
 * Compute the possible nonces: S less the key times the challenge. A fault may have made the challenge one of another R than
 * the released one, or lost it: 0 or 1.
 */
function noncesOf({ signature, genuine, kept }: Released): bigint[] {
  const s = little(signature.subarray(32));
  const made = [signature, genuine].map((from) => challenge(from.subarray(0, 32), key, messageIn(kept)));
  return [...made, 0n, 1n].map((k) => mod(s - k * secret));
}

function isCut({ signature, genuine }: Released): boolean {
  return signature.every((byte, i) => byte === 0 || byte === genuine[i]);
}

/**
 * Judge a pair of signatures made under the same fault; `goldens` are those without it. To distinguish "another" from "spoilt"
 * takes up to a second, and is done only if `isAsked`.
 */
export function fateOf(pair: readonly (Run | undefined)[], goldens: readonly Run[], isAsked = true): Fate {
  const released = pair.flatMap((run, i): Released[] => {
    if (run?.outcome !== "returned" || run.answer.length === 0) return [];
    const golden = goldens[i]!.answer;
    // A wrong length shows less of memory: the signature then ends in zeros, and the request is taken as it was.
    const signature = Buffer.concat([run.answer, Buffer.alloc(64)]).subarray(0, 64);
    const rest = (run.answer.length === golden.length ? run.answer : golden).subarray(64);
    const [kept, low] = [rest.subarray(0, -Answered.LowBytes), rest.subarray(-Answered.LowBytes)];
    if (signature.every((byte) => byte === 0)) return [];
    return [
      {
        signature,
        genuine: golden.subarray(0, 64),
        kept,
        low,
        isKept: kept.equals(golden.subarray(64, -Answered.LowBytes)),
      },
    ];
  });
  if (released.length === 0) return "refused";
  const whole = released.filter((one) => !isCut(one) || one.signature.equals(one.genuine));
  if (whole.length === 0) return "cut";
  const nonces = whole.map(noncesOf);
  if (nonces.flat().some(isKnown)) return "leaks";
  const [one, other] = nonces.map((some) => some.map(wordsOf));
  if (one && other && one.some((a) => other.some((b) => shareWord(a, b)))) return "leaks";
  const right = whole.map((one) => one.signature.equals(one.genuine) || isSignature(one, messageIn(one.kept)));
  if (whole.some((one, i) => !right[i] && !(isAsked && isOfAnother(one)))) return "spoilt";
  if (whole.some(({ isKept }, i) => !right[i] || !isKept)) return "another";
  return whole.length < released.length ? "cut" : "genuine";
}
