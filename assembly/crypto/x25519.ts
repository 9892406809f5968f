/** X25519 (RFC 7748 §5). Bytes come and go at any alignment; temporaries are in scratch memory and wiped. */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as blind from "./_blind25519";
import * as cpu from "./_cpu";
import * as fe from "./_fe25519";
import * as ge from "./_ge25519";
import * as sc from "./_sc25519";

export const SCALAR_BYTES: u32 = 32;
export const POINT_BYTES: u32 = 32;

/** (A + 2) / 4 - 1 of curve25519. */
const A24: u32 = 121665;

/** The ladder's state: x1 of the point, then (x2 : z2) and (x3 : z3) a point apart; then the scalar and workspace. */
const X1: usize = 0;
const X2: usize = 32;
const Z2: usize = 64;
const X3: usize = 96;
const Z3: usize = 128;
const SCALAR: usize = 160;
const WORK: usize = 192;
const LADDER_BYTES: usize = WORK + 128;

/** Copy a scalar and clamp it (RFC 7748 §5, decodeScalar25519). */
function clamp(out: usize, scalar: usize): void {
  bytes.copy(out, scalar, SCALAR_BYTES);
  store<u8>(out, load<u8>(out) & 0xf8);
  store<u8>(out, (load<u8>(out, 31) & 0x7f) | 0x40, 31);
}

/**
 * Compute the shared secret of our scalar and a peer's point. The top bit of the point is ignored, and it need not be
 * canonical (RFC 7748 §5). Forged if the result is zero, as it is for points of small order (§6.1): `out` is then zero.
 *
 * CT: the point and the verdict leak; the scalar and the result do not.
 */
export function derive(out: usize, scalar: usize, point: usize): Status {
  const w = scratch.take(<u32>LADDER_BYTES);
  clamp(w + SCALAR, scalar);
  fe.copy(w + X1, point);
  store<u8>(w + X1, load<u8>(w + X1, 31) & 0x7f, 31);
  begin(w);
  ladder(w);
  fe.invert(w + X1, w + Z2, w + X3);
  fe.mul(w + X2, w + X2, w + X1);
  const zero = fe.isZero(w + X2);
  bytes.copy(out, w + X2, POINT_BYTES);
  scratch.release(w);
  return zero ? Status.Forged : Status.Ok;
}

/** Start from (1 : 0) and (x1 : 1), or where multiplications need it, from multiples of both. */
function begin(w: usize): void {
  fe.set(w + X2, 1);
  fe.set(w + Z3, 1);
  if (cpu.BLIND) {
    bytes.copy(w + WORK + 64, w + SCALAR, SCALAR_BYTES);
    bytes.copy(w + WORK + 96, w + X1, POINT_BYTES);
    blind.make(w + X2, w + WORK, w + WORK + 64, 64);
    fe.copy(w + Z3, w + X2);
  }
  fe.mul(w + X3, w + X1, w + Z3);
}

/** Climb from bit 254 to bit 0: the points stay x1 apart, and which of the two is doubled is a bit of the scalar. */
function ladder(w: usize): void {
  let swapped: u32 = 0;
  for (let i: u32 = 255; i-- != 0;) {
    const bit = ((<u32>load<u8>(w + SCALAR + (i >>> 3))) >>> (i & 7)) & 1;
    fe.swap(w + X2, w + X3, bit ^ swapped);
    swapped = bit;
    step(w);
  }
  fe.swap(w + X2, w + X3, swapped);
}

/** One step (RFC 7748 §5; the names are its own). */
function step(w: usize): void {
  const a = w + WORK;
  const b = w + WORK + 32;
  fe.add(a, w + X2, w + Z2); // A
  fe.sub(b, w + X2, w + Z2); // B
  fe.add(w + X2, w + X3, w + Z3); // C
  fe.sub(w + Z2, w + X3, w + Z3); // D
  fe.mul(w + Z2, w + Z2, a); // DA
  fe.mul(w + X2, w + X2, b); // CB
  fe.add(w + X3, w + Z2, w + X2);
  fe.square(w + X3, w + X3);
  fe.sub(w + Z3, w + Z2, w + X2);
  fe.square(w + Z3, w + Z3);
  fe.mul(w + Z3, w + Z3, w + X1);
  fe.square(a, a); // AA
  fe.square(b, b); // BB
  fe.mul(w + X2, a, b);
  fe.sub(b, a, b); // E
  fe.scale(w + Z2, b, A24, a);
  fe.mul(w + Z2, w + Z2, b);
}

/**
 * Compute the public point of a scalar: X25519(scalar, 9), by way of edwards25519 and its table: u = (1 + y) / (1 - y)
 * (RFC 7748 §4.1).
 *
 * CT: nothing leaks.
 */
export function publicKey(out: usize, scalar: usize): void {
  const w = scratch.take(64 + ge.POINT_BYTES + ge.WORK_BYTES + 96);
  const p = w + 64;
  const work = p + ge.POINT_BYTES;
  const secret = work + ge.WORK_BYTES;
  clamp(w, scalar);
  sc.narrow(w + 32, w, work);
  if (cpu.BLIND) blind.make(secret, secret + 32, w + 32, sc.BYTES);
  ge.base(p, w + 32, cpu.BLIND ? secret : 0, work);
  fe.add(w, p + 64, p + 32);
  fe.sub(w + 32, p + 64, p + 32);
  fe.invert(p, w + 32, work);
  fe.mul(p, p, w);
  fe.freeze(p);
  bytes.copy(out, p, POINT_BYTES);
  scratch.release(w);
}
