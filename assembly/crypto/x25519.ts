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

/** The ladder's state: x1 of the point, the sums and differences of both points' coordinates, then the scalar and workspace. */
const X1: usize = 0;
const A: usize = 32;
const B: usize = 64;
const C: usize = 96;
const D: usize = 128;
const SCALAR: usize = 160;
const WORK: usize = 192;
const LADDER_BYTES: usize = WORK + 128;

/** Bytes that `ladder` reads, and its workspace after them. */
export const STATE_BYTES: u32 = <u32>WORK;
export const WORK_BYTES: u32 = 64;

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
  fe.add(w + X1, w + A, w + B);
  fe.sub(w + A, w + A, w + B);
  fe.invert(w + B, w + A, w + C);
  fe.mul(w + X1, w + X1, w + B);
  const zero = fe.isZero(w + X1);
  bytes.copy(out, w + X1, POINT_BYTES);
  scratch.release(w);
  return zero ? Status.Forged : Status.Ok;
}

/** Start from (1 : 0) and (x1 : 1), or where multiplications need it, from multiples of both. */
function begin(w: usize): void {
  fe.set(w + A, 1);
  if (cpu.BLIND) {
    bytes.copy(w + WORK + 64, w + SCALAR, SCALAR_BYTES);
    bytes.copy(w + WORK + 96, w + X1, POINT_BYTES);
    blind.make(w + A, w + WORK, w + WORK + 64, 64);
  }
  fe.copy(w + B, w + A);
  fe.mul(w + D, w + X1, w + A);
  fe.add(w + C, w + D, w + A);
  fe.sub(w + D, w + D, w + A);
}

/**
 * Climb from bit 254 to bit 0. The two points stay x1 apart. A is x + z of the point that a step has doubled and B is x - z, C and D are those of the other; the
 * next step doubles the other point if its bit differs from the one before. Bit 0 of the scalar is 0, so A and B are of the result.
 *
 * CT: nothing leaks.
 */
@inline
export function ladder(w: usize): void {
  if (cpu.POINTS25519) cpu.ladder(w);
  else ladderPortable(w);
}

/** The same in portable code. CT: nothing leaks. */
export function ladderPortable(w: usize): void {
  let above: u32 = 0;
  for (let i: u32 = 255; i-- != 0;) {
    const bit = ((<u32>load<u8>(w + SCALAR + (i >>> 3))) >>> (i & 7)) & 1;
    step(w, bit ^ above);
    above = bit;
  }
}

/** One step (RFC 7748 §5; the names in comments are its own). */
function step(w: usize, swapped: u32): void {
  const x = w + WORK;
  const z = w + WORK + 32;
  fe.mul(x, w + D, w + A); // DA
  fe.mul(z, w + C, w + B); // CB
  fe.swap(w + A, w + C, swapped);
  fe.square(w + A, w + A); // AA
  fe.square(w + B, w + B); // BB
  fe.mul(w + C, w + A, w + B); // x_2
  fe.sub(w + D, w + A, w + B); // E
  fe.scale(w + B, w + D, A24, w + A);
  fe.mul(w + D, w + D, w + B); // z_2
  fe.add(w + A, w + C, w + D);
  fe.sub(w + B, w + C, w + D);
  fe.add(w + C, x, z);
  fe.sub(w + D, x, z);
  fe.square(x, w + C); // x_3
  fe.square(z, w + D);
  fe.mul(z, z, w + X1); // z_3
  fe.add(w + C, x, z);
  fe.sub(w + D, x, z);
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
