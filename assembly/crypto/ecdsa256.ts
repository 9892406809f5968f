/**
 * ECDSA on P-256 (FIPS 186-5 §6.4): signatures are r ‖ s, 64 bytes big-endian; `ecdsaDer` makes that of their DER form.
 *
 * Bytes come and go at any alignment; temporaries are in scratch memory and wiped.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as verdict from "../lib/verdict";
import * as words from "../lib/words";
import * as blind256 from "./_blind256";
import * as cpu from "./_cpu";
import * as fe from "./_fe256";
import * as montgomery from "./_montgomery";
import * as multiply256 from "./_multiply256";
import * as nonce256 from "./_nonce256";
import * as p256 from "./_p256";
import * as sc from "./_sc256";
import * as table from "./_table256";

/** Bytes of a public key: 4 ‖ x ‖ y (SEC 1 §2.3.3). */
export const KEY_BYTES: u32 = p256.ENCODED_BYTES;
export const SECRET_BYTES: u32 = 32;
export const SIGNATURE_BYTES: u32 = 64;
export const NOISE_BYTES: u32 = 32;

/** Bytes of a digest that count: the first ones. */
export const DIGEST_BYTES: u32 = 32;

/** Values that verification keeps; none is secret. */
const ORDER: usize = 0;
const N_R: usize = 32;
const N_S: usize = 64;
/** e / s and r / s, then as digits. */
const U1: usize = 96;
const U2: usize = 128;
const DIGITS_1: usize = 160;
const DIGITS_2: usize = DIGITS_1 + 68;
const SUM: usize = DIGITS_2 + 68;
/** The values to compare with the x of the sum, when the multiples are no longer needed. */
const ONE: usize = SUM + p256.POINT_BYTES;
const OTHER: usize = ONE + fe.BYTES;
const MULTIPLES: usize = SUM + p256.POINT_BYTES;
const WORK: usize = MULTIPLES + p256.MULTIPLES_BYTES;
const VERIFY_BYTES: usize = WORK + p256.WORK_BYTES;

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

/**
 * True if the x of (e / s) G + (r / s) Q is r modulo n.
 *
 * An attacker who makes this skip an instruction knows what it computes then: without either product, or with only a few of
 * the steps, a signature can be made without the key. So the scalars are taken back from the forms in which they were used,
 * and multiplied with s: that must give e and r, which are read again. Steps are counted, x is compared twice, and
 * infinity, which equals every x, is refused. The word is Ok only if all of these are right. A frame at w that is too short would be
 * overlapped by what is taken after it: so it must end where scratch memory does.
 *
 * CT: everything leaks; all of it is public.
 */
function judge(w: usize, signature: usize, key: usize, digest: usize): Status {
  const work = w + WORK;
  table.get(w + ORDER, table.Constant.N);
  montgomery.read(w + N_R, signature, sc.BYTES);
  montgomery.read(w + N_S, signature + 32, sc.BYTES);
  if (!sc.isScalar(w + N_R, w + ORDER) || !sc.isScalar(w + N_S, w + ORDER)) return Status.Forged;
  if (!p256.decode(w + MULTIPLES, key, work)) return Status.Forged;
  table.get(w + MULTIPLES + p256.Z, table.Constant.One);
  if (cpu.LEAN256) sc.invertPublic(w + SUM, w + N_S, w + ORDER, work);
  else sc.invert(w + SUM, w + N_S, w + ORDER, work);
  sc.enter(w + U1, w + N_S, w + ORDER, work);
  bytes.copy(w + N_S, w + U1, sc.BYTES);
  montgomery.read(work, digest, sc.BYTES);
  sc.reduce(work, w + ORDER);
  sc.mul(w + U1, work, w + SUM, w + ORDER);
  sc.mul(w + U2, w + N_R, w + SUM, w + ORDER);
  sc.recode(w + DIGITS_1, w + U1);
  sc.recode(w + DIGITS_2, w + U2);
  const steps = p256.combine(w + SUM, w + DIGITS_1, w + DIGITS_2, w + MULTIPLES, work);
  const lost = loss(w, signature, digest) | fe.isZero(w + SUM + p256.Z);
  const frame = <u32>((w + VERIFY_BYTES) ^ scratch.top());
  // Two numbers below p can be r modulo n: r and r + n.
  project(w, w + ONE, w + N_R, false);
  const raised = fe.difference(w + ONE, w + SUM) != 0;
  if (raised) project(w, w + ONE, w + N_R, true);
  montgomery.read(w + N_R, signature, sc.BYTES);
  project(w, w + OTHER, w + N_R, raised);
  const word = ((<u32>Status.Ok) ^ p256.STEPS ^ steps) + lost + frame + words.distance(w + ONE, w + SUM, fe.BYTES);
  return verdict.fold(word, fe.difference(w + OTHER, w + SUM) | lost | frame | (steps ^ p256.STEPS));
}

/** 0 if the scalars that were used are e / s and r / s, else not. CT: everything leaks. */
function loss(w: usize, signature: usize, digest: usize): u32 {
  const work = w + WORK;
  sc.mul(work, w + U1, w + N_S, w + ORDER);
  montgomery.read(work + 32, digest, sc.BYTES);
  sc.reduce(work + 32, w + ORDER);
  const first = words.difference(work, work + 32, sc.BYTES);
  sc.mul(work, w + U2, w + N_S, w + ORDER);
  montgomery.read(work + 32, signature, sc.BYTES);
  const digits = sc.differs(w + DIGITS_1, w + U1) | sc.differs(w + DIGITS_2, w + U2);
  return first | words.difference(work, work + 32, sc.BYTES) | digits;
}

/** out = r Z^2, Z being that of the sum, or (r + n) Z^2 if `raised` and r + n is below p. `out` is not r. CT: everything leaks. */
function project(w: usize, out: usize, r: usize, raised: boolean): void {
  const x = w + WORK;
  fe.copy(x, r);
  if (raised) {
    let carry: u64 = 0;
    for (let i: usize = 0; i < sc.BYTES; i += 4) {
      carry += <u64>load<u32>(r + i) + load<u32>(w + ORDER + i);
      store<u32>(x + i, <u32>carry);
      carry >>>= 32;
    }
    if ((<u32>carry) | fe.reaches(x)) fe.copy(x, r);
  }
  fe.enter(out, x);
  fe.square(x, w + SUM + p256.Z);
  fe.mul(out, out, x);
}

/** State of signing, all of it secret but the order and r. */
const SECRET: usize = 32;
const NONCE: usize = 64;
/** The nonce, derived a second time. */
const AGAIN: usize = 96;
const SPENT: usize = 128;
const BLIND: usize = 160;
const NUMBER: usize = 192;
const POINT: usize = 224;
const SIGN_WORK: usize = POINT + p256.POINT_BYTES;
const SIGN_BYTES: usize = SIGN_WORK + multiply256.BASE_BYTES;

/**
 * Sign a message's digest (FIPS 186-5 §6.4.1): Ok, or Forged if the secret is not in 1..n - 1 or a fault was noticed; then `out` is wiped. The nonce is
 * that of RFC 6979 §3.2; with `noise`, 32 fresh random bytes, it depends on them as well (§3.6), so that faults and traces of two signatures of one digest
 * differ; 0 signs deterministically. s is the lower one of its two values.
 *
 * A nonce that is known, or used twice, gives the secret away. So it is derived twice, and the signature goes out only if both are the same.
 *
 * `out` may not overlap the inputs.
 *
 * CT: the verdict leaks, and whether there is noise.
 */
export function sign(out: usize, secret: usize, digest: usize, noise: usize): Status {
  const w = scratch.take(<u32>SIGN_BYTES);
  table.get(w + ORDER, table.Constant.N);
  montgomery.read(w + SECRET, secret, sc.BYTES);
  montgomery.read(w + NUMBER, digest, sc.BYTES);
  sc.reduce(w + NUMBER, w + ORDER);
  const valid = sc.isValid(w + SECRET, w + ORDER);
  montgomery.write(w + SIGN_WORK, w + NUMBER, sc.BYTES);
  nonce256.derive(w + NONCE, secret, w + SIGN_WORK, noise, w + ORDER);
  nonce256.derive(w + AGAIN, secret, w + SIGN_WORK, noise, w + ORDER);
  bytes.copy(w + SPENT, w + NONCE, sc.BYTES);
  if (cpu.BLIND) blind256.make(w + BLIND, w + SPENT, sc.BYTES);
  multiply256.base(w + POINT, w + SPENT, w + ORDER, cpu.BLIND ? w + BLIND : 0, w + SIGN_WORK);
  p256.toAffine(w + POINT, w + SIGN_WORK);
  fe.leave(w + POINT, w + SIGN_WORK);
  sc.reduce(w + POINT, w + ORDER);
  montgomery.write(out, w + POINT, sc.BYTES);
  const off = words.difference(w + NONCE, w + AGAIN, sc.BYTES) | (valid ^ 1);
  complete(w);
  montgomery.write(out + 32, w + SPENT, sc.BYTES);
  const zero = montgomery.isZero(w + POINT, sc.BYTES) | montgomery.isZero(w + SPENT, sc.BYTES);
  const status = verdict.fold(Status.Ok, off | zero);
  if (status != Status.Ok) bytes.wipe(out, SIGNATURE_BYTES);
  scratch.release(w);
  return status;
}

/** w + SPENT = the lower one of s and n - s, where s = (e + r d) / k. The nonce is destroyed. */
function complete(w: usize): void {
  const work = w + SIGN_WORK;
  if (cpu.BLIND) {
    // 1 / k = b / (k b): the factor b of the points blinds the number that is inverted.
    sc.mul(w + AGAIN, w + NONCE, w + BLIND, w + ORDER);
    sc.invert(w + NONCE, w + AGAIN, w + ORDER, work);
    sc.mul(w + SPENT, w + NONCE, w + BLIND, w + ORDER);
  } else {
    sc.invert(w + SPENT, w + NONCE, w + ORDER, work);
  }
  sc.enter(w + AGAIN, w + POINT, w + ORDER, work);
  sc.mul(work, w + AGAIN, w + SECRET, w + ORDER);
  sc.add(work, work, w + NUMBER, w + ORDER);
  sc.mul(w + AGAIN, work, w + SPENT, w + ORDER);
  sc.negate(w + SPENT, w + AGAIN, w + ORDER);
  const high = montgomery.reaches(w + AGAIN, w + SPENT, sc.BYTES);
  words.move(w + SPENT, w + AGAIN, high ^ 1, sc.BYTES);
}

/**
 * Sign what leaves the device: as `sign`, then verified under `key` where the board chooses so (`CRYPTO_CHECKED`), else signed twice and compared. Forged
 * also if `key` is not the secret's.
 *
 * CT: as `sign`.
 */
export function issue(out: usize, secret: usize, key: usize, digest: usize, noise: usize): Status {
  const from = scratch.top();
  let status = sign(out, secret, digest, noise);
  if (cpu.CHECKED) {
    if (status == Status.Ok) status = verify(out, key, digest);
  } else {
    const again = scratch.take(SIGNATURE_BYTES);
    if (status == Status.Ok) status = sign(again, secret, digest, noise);
    status = verdict.fold(status, words.difference(out, again, SIGNATURE_BYTES));
  }
  if (status != Status.Ok) bytes.wipe(out, SIGNATURE_BYTES);
  scratch.release(from);
  return status;
}
