/**
 * ECDSA on P-384 (FIPS 186-5 §6.4): verification, for X.509 certificates. Signatures are r ‖ s, 96 bytes big-endian; `ecdsa.fromDer` makes that of their DER
 * form.
 *
 * Bytes come at any alignment; temporaries are in scratch memory and wiped.
 */
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as verdict from "../lib/verdict";
import * as words from "../lib/words";
import * as inverse from "./_inverse";
import * as montgomery from "./_montgomery";
import * as p384 from "./_p384";
import * as table from "./_table384";

/** Bytes of a public key: 4 ‖ x ‖ y (SEC 1 §2.3.3). */
export const KEY_BYTES: u32 = p384.ENCODED_BYTES;
export const SIGNATURE_BYTES: u32 = 96;

/** Bytes of a digest that count: the first ones. */
export const DIGEST_BYTES: u32 = 48;

const BYTES: usize = p384.BYTES;

/** -1 / n mod 2^32. */
const MINUS_INVERSE: u32 = 0xe88fdc45;

/** State of verification: n, r, s in Montgomery's form, both scalars, a temporary, the sum, the points, and workspace. */
const N: usize = 0;
const N_R: usize = BYTES;
const N_S: usize = 2 * BYTES;
const U1: usize = 3 * BYTES;
const U2: usize = 4 * BYTES;
const X: usize = 5 * BYTES;
const SUM: usize = 6 * BYTES;
const POINTS: usize = SUM + p384.POINT_BYTES;
const WORK: usize = POINTS + p384.POINTS_BYTES;
const VERIFY_BYTES: usize = WORK + p384.WORK_BYTES;

/**
 * Verify a signature of a message's digest (FIPS 186-5 §6.4.2): Ok or Forged. `key` is refused unless it is an uncompressed point of
 * the curve. A high s is accepted, as the standard wants.
 *
 * CT: everything leaks; all of it is public.
 */
export function verify(signature: usize, key: usize, digest: usize): Status {
  const w = scratch.take(<u32>VERIFY_BYTES);
  const status = judge(w, signature, key, digest);
  scratch.release(w);
  return status;
}

/** out = a * b / R mod n. `out` is neither operand. */
@inline
function mul(out: usize, a: usize, b: usize, w: usize): void {
  montgomery.mulPublic(out, a, b, w + N, MINUS_INVERSE, BYTES);
}

/** out = the number of the digest modulo n. */
function number(out: usize, digest: usize, w: usize): void {
  montgomery.read(out, digest, BYTES);
  montgomery.settle(out, 0, w + N, BYTES);
}

/** Judge as `ecdsa256` does: the scalars that were used are multiplied with s again, the steps are counted, and x is compared twice. */
function judge(w: usize, signature: usize, key: usize, digest: usize): Status {
  const work = w + WORK;
  table.get(w + N, table.Constant.N);
  montgomery.read(w + N_R, signature, BYTES);
  montgomery.read(w + X, signature + BYTES, BYTES);
  if (!montgomery.below(w + N_R, w + N, BYTES) || !montgomery.below(w + X, w + N, BYTES)) return Status.Forged;
  table.get(w + SUM, table.Constant.R2N);
  mul(w + N_S, w + X, w + SUM, w);
  // 1 / s, with the points as workspace.
  inverse.invert(w + POINTS, w + X, w + N, MINUS_INVERSE, <u32>BYTES, w + POINTS);
  mul(w + X, w + POINTS, w + SUM, w);
  number(w + SUM, digest, w);
  mul(w + U1, w + SUM, w + X, w);
  mul(w + U2, w + N_R, w + X, w);
  p384.begin(work);
  if (!p384.decode(w + POINTS + p384.POINT_BYTES, key, work)) return Status.Forged;
  const steps = p384.combine(w + SUM, w + U1, w + U2, w + POINTS, work);
  const lost = loss(w, signature, digest) | p384.isInfinity(w + SUM);
  const frame = <u32>((w + VERIFY_BYTES) ^ scratch.top());
  // Two numbers below p can be r modulo n: r and r + n.
  const one = w + POINTS;
  const other = w + POINTS + BYTES;
  p384.project(one, w + N_R, w + SUM, work);
  if (words.difference(one, w + SUM, BYTES)) raise(w + X, w + N_R, w + N, work);
  else memory.copy(w + X, w + N_R, BYTES);
  p384.project(one, w + X, w + SUM, work);
  p384.project(other, w + X, w + SUM, work);
  const word = ((<u32>Status.Ok) ^ p384.STEPS ^ steps) + lost + frame + words.distance(one, w + SUM, BYTES);
  return verdict.fold(word, words.difference(other, w + SUM, BYTES) | lost | frame | (steps ^ p384.STEPS));
}

/** out = r + n if that is below p, which is at `p`, else r. */
function raise(out: usize, r: usize, n: usize, p: usize): void {
  let carry: u64 = 0;
  for (let i: usize = 0; i < BYTES; i += 4) {
    carry += <u64>load<u32>(r + i) + load<u32>(n + i);
    store<u32>(out + i, <u32>carry);
    carry >>>= 32;
  }
  if ((<u32>carry) | montgomery.reaches(out, p, BYTES)) memory.copy(out, r, BYTES);
}

/** 0 if the scalars that were used are e / s and r / s, else not. */
function loss(w: usize, signature: usize, digest: usize): u32 {
  const product = w + POINTS;
  mul(product, w + U1, w + N_S, w);
  number(w + X, digest, w);
  const first = words.difference(product, w + X, BYTES);
  mul(product, w + U2, w + N_S, w);
  montgomery.read(w + X, signature, BYTES);
  return first | words.difference(product, w + X, BYTES);
}
