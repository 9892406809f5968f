/** The lab's operations on P-256 and P-384. */
import * as fe from "../../assembly/crypto/_fe256";
import * as inverse from "../../assembly/crypto/_inverse";
import * as multiply256 from "../../assembly/crypto/_multiply256";
import * as p256 from "../../assembly/crypto/_p256";
import * as sc from "../../assembly/crypto/_sc256";
import * as table from "../../assembly/crypto/_table256";
import * as ecdh256 from "../../assembly/crypto/ecdh256";
import * as ecdsa from "../../assembly/crypto/ecdsa";
import * as ecdsa256 from "../../assembly/crypto/ecdsa256";
import * as ecdsa384 from "../../assembly/crypto/ecdsa384";
import { Reader } from "../../assembly/lib/reader";
import * as scratch from "../../assembly/lib/scratch";
import { Status } from "../../assembly/lib/status";
import { Op } from "./op";

/** A field that has one length only. */
function exact(reader: Reader, len: u32): usize {
  if (reader.u16() != len) reader.fail();
  return reader.take(len);
}

/** The same, where words can be loaded from. */
function words(reader: Reader, bytes: u32): usize {
  const at = scratch.take(bytes);
  const from = exact(reader, bytes);
  if (reader.ok()) memory.copy(at, from, bytes);
  return at;
}

/** Run one of them; the answer goes to `out`, which is where the request is. */
export function run(out: usize, reader: Reader, op: u32): i32 {
  switch (op) {
    case Op.Ecdsa256Verify: {
      const signature = exact(reader, ecdsa256.SIGNATURE_BYTES);
      const key = exact(reader, ecdsa256.KEY_BYTES);
      const digest = exact(reader, ecdsa256.DIGEST_BYTES);
      return reader.ok() ? ecdsa256.verify(signature, key, digest) : Status.Malformed;
    }
    case Op.Ecdsa384Verify: {
      const signature = exact(reader, ecdsa384.SIGNATURE_BYTES);
      const key = exact(reader, ecdsa384.KEY_BYTES);
      const digest = exact(reader, ecdsa384.DIGEST_BYTES);
      return reader.ok() ? ecdsa384.verify(signature, key, digest) : Status.Malformed;
    }
    case Op.P256PublicKey: {
      const secret = exact(reader, ecdh256.SECRET_BYTES);
      if (!reader.ok()) return Status.Malformed;
      const status = ecdh256.publicKey(out, secret);
      return status == Status.Ok ? ecdh256.KEY_BYTES : status;
    }
    case Op.Ecdh256: {
      const secret = exact(reader, ecdh256.SECRET_BYTES);
      const key = exact(reader, ecdh256.KEY_BYTES);
      if (!reader.ok()) return Status.Malformed;
      const status = ecdh256.derive(out, secret, key);
      return status == Status.Ok ? ecdh256.SHARED_BYTES : status;
    }
    case Op.P256Select:
    case Op.P256SelectPortable:
    case Op.P256Pick:
    case Op.P256PickPortable:
      return select(out, reader, op);
    case Op.P256Double:
    case Op.P256DoublePortable:
    case Op.P256Add:
    case Op.P256AddPortable:
      return point(out, reader, op);
    case Op.InverseSteps:
    case Op.InverseStepsPortable:
      return steps(out, reader, op);
    case Op.InverseApply:
    case Op.InverseApplyPortable:
      return apply(out, reader, op);
    case Op.Ecdsa256Sign:
    case Op.Ecdsa256Issue:
      return sign(out, reader, op);
    case Op.EcdsaFromDer: {
      const size = reader.u16() == 2 ? reader.u16() : 0;
      const len = reader.u16(),
        der = reader.take(len);
      if (!reader.ok() || size > 48) return Status.Malformed;
      const raw = scratch.take(96);
      const status = ecdsa.fromDer(raw, size, der, len);
      if (status != Status.Ok) return status;
      memory.copy(out, raw, 2 * size);
      return 2 * size;
    }
  }
  const answer = scratch.take(fe.BYTES);
  element(answer, words(reader, fe.BYTES), reader, op);
  if (!reader.ok()) return Status.Malformed;
  memory.copy(out, answer, fe.BYTES);
  return fe.BYTES;
}

function select(out: usize, reader: Reader, op: u32): i32 {
  const pick = op == Op.P256Pick || op == Op.P256PickPortable;
  const points = pick ? words(reader, multiply256.ROWS * p256.POINT_BYTES) : 0;
  const first = !pick && reader.u16() == 2 ? reader.u16() : 0;
  const index = reader.u16() == 2 ? reader.u16() : 0;
  if (!reader.ok()) return Status.Malformed;
  const answer = scratch.take(p256.POINT_BYTES);
  const w = scratch.take(fe.BYTES);
  switch (op) {
    case Op.P256Select:
      multiply256.select(answer, first, index, w);
      break;
    case Op.P256SelectPortable:
      multiply256.selectPortable(answer, first, index, w);
      break;
    case Op.P256Pick:
      multiply256.pick(answer, points, index);
      break;
    default:
      multiply256.pickPortable(answer, points, index);
  }
  memory.copy(out, answer, p256.POINT_BYTES);
  return p256.POINT_BYTES;
}

/** The formulas of points on any elements: they give the same bits if these are of no point, too. */
function point(out: usize, reader: Reader, op: u32): i32 {
  const p = words(reader, p256.POINT_BYTES);
  const isSum = op == Op.P256Add || op == Op.P256AddPortable;
  const x = isSum ? words(reader, fe.BYTES) : 0;
  const y = isSum ? words(reader, fe.BYTES) : 0;
  if (!reader.ok()) return Status.Malformed;
  const w = scratch.take(p256.WORK_BYTES);
  switch (op) {
    case Op.P256Double:
      p256.double(p, w);
      break;
    case Op.P256DoublePortable:
      p256.doublePortable(p, w);
      break;
    case Op.P256Add:
      p256.differ(p, x, y, w);
      memory.copy(out + p256.POINT_BYTES, w, 2 * fe.BYTES);
      p256.finish(p, w);
      break;
    default:
      p256.differPortable(p, x, y, w);
      memory.copy(out + p256.POINT_BYTES, w, 2 * fe.BYTES);
      p256.finishPortable(p, w);
  }
  memory.copy(out, p, p256.POINT_BYTES);
  return p256.POINT_BYTES + (isSum ? 2 * fe.BYTES : 0);
}

function steps(out: usize, reader: Reader, op: u32): i32 {
  const zeta = words(reader, 4);
  const f = words(reader, 4);
  const g = words(reader, 4);
  if (!reader.ok()) return Status.Malformed;
  const w = scratch.take(20);
  const after =
    op == Op.InverseSteps
      ? inverse.steps(w, load<i32>(zeta), load<i32>(f), load<i32>(g))
      : inverse.stepsPortable(w, load<i32>(zeta), load<i32>(f), load<i32>(g));
  store<i32>(w, after, 16);
  memory.copy(out, w, 20);
  return 20;
}

function apply(out: usize, reader: Reader, op: u32): i32 {
  const len = reader.u16();
  const limbs = (len >>> 2) - 4;
  if ((len & 3) != 0 || (limbs != 9 && limbs != 13)) return Status.Malformed;
  const w = scratch.take(len);
  const from = reader.take(len);
  if (reader.ok()) memory.copy(w, from, len);
  const x = words(reader, limbs << 2);
  const y = words(reader, limbs << 2);
  const factor = words(reader, 4);
  if (!reader.ok()) return Status.Malformed;
  if (op == Op.InverseApply) inverse.apply(w, x, y, limbs, load<u32>(factor));
  else inverse.applyPortable(w, x, y, limbs, load<u32>(factor));
  memory.copy(out, x, limbs << 2);
  memory.copy(out + (limbs << 2), y, limbs << 2);
  return limbs << 3;
}

function sign(out: usize, reader: Reader, op: u32): i32 {
  const secret = exact(reader, ecdsa256.SECRET_BYTES);
  const key = op == Op.Ecdsa256Issue ? exact(reader, ecdsa256.KEY_BYTES) : 0;
  const digest = exact(reader, ecdsa256.DIGEST_BYTES);
  const noiseLen = reader.u16(),
    noise = reader.take(noiseLen);
  if (!reader.ok() || (noiseLen != 0 && noiseLen != ecdsa256.NOISE_BYTES)) return Status.Malformed;
  const signature = scratch.take(ecdsa256.SIGNATURE_BYTES);
  const status =
    op == Op.Ecdsa256Issue
      ? ecdsa256.issue(signature, secret, key, digest, noiseLen ? noise : 0)
      : ecdsa256.sign(signature, secret, digest, noiseLen ? noise : 0);
  if (status != Status.Ok) return status;
  memory.copy(out, signature, ecdsa256.SIGNATURE_BYTES);
  return ecdsa256.SIGNATURE_BYTES;
}

/** The operations that begin with an element or a scalar and give one. */
function element(out: usize, a: usize, reader: Reader, op: u32): void {
  switch (op) {
    case Op.Fe256Mul:
      return fe.mul(out, a, words(reader, 32));
    case Op.Fe256Square:
      return fe.square(out, a, reader.u16() == 2 ? reader.u16() : 0);
    case Op.Fe256Add:
      return fe.add(out, a, words(reader, 32));
    case Op.Fe256Sub:
      return fe.sub(out, a, words(reader, 32));
    case Op.Fe256Half:
      return fe.half(out, a);
    case Op.Fe256MulPortable:
      return fe.mulPortable(out, a, words(reader, 32));
    case Op.Fe256SquarePortable:
      return fe.squarePortable(out, a, reader.u16() == 2 ? reader.u16() : 0);
    case Op.Fe256AddPortable:
      return fe.addPortable(out, a, words(reader, 32));
    case Op.Fe256SubPortable:
      return fe.subPortable(out, a, words(reader, 32));
    case Op.Fe256Invert:
      return fe.invert(out, a, scratch.take(fe.INVERT_BYTES));
  }
  const order = scratch.take(sc.BYTES);
  table.get(order, table.Constant.N);
  switch (op) {
    case Op.Sc256Mul:
      return sc.mul(out, a, words(reader, 32), order);
    case Op.Sc256Invert:
      return sc.invert(out, a, order, scratch.take(sc.INVERT_BYTES));
    case Op.Sc256InvertPublic:
      return sc.invertPublic(out, a, order, scratch.take(sc.INVERT_BYTES));
    case Op.Sc256Comb: {
      sc.comb(a, order, scratch.take(sc.BYTES));
      memory.copy(out, a, sc.BYTES);
    }
  }
}
