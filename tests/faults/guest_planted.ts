/** Planted faults for the campaign's own sake: the operations as they must not be. A campaign that passes them proves nothing. */
import * as ed25519 from "../../assembly/crypto/ed25519";
import * as sc from "../../assembly/crypto/_sc25519";
import * as sha512 from "../../assembly/crypto/sha512";
import { Sha512 } from "../../assembly/crypto/sha512";
import * as ge from "../../assembly/crypto/_ge25519";
import * as scratch from "../../assembly/lib/scratch";
import { Status } from "../../assembly/lib/status";

/** Verify, and decide by one branch. */
export function verify(signature: usize, key: usize, head: usize, headLen: u32, body: usize, bodyLen: u32): Status {
  const verdict = ed25519.verify(signature, key, head, headLen, body, bodyLen);
  if (verdict == Status.Forged) return Status.Forged;
  return Status.Ok;
}

/** Sign with a nonce that is derived once. */
export function sign(
  out: usize,
  seed: usize,
  key: usize,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  const wide = scratch.take(64);
  const secret = scratch.take(64);
  const nonce = scratch.take(64);
  const factor = scratch.take(32);
  const spent = scratch.take(32);
  const point = scratch.take(ge.POINT_BYTES);
  const work = scratch.take(ge.WORK_BYTES);
  sha512.hash(secret, seed, 32);
  store<u8>(secret, load<u8>(secret) & 0xf8);
  store<u8>(secret, (load<u8>(secret, 31) & 0x7f) | 0x40, 31);
  const ctx = changetype<Sha512>(scratch.take(offsetof<Sha512>()));
  sha512.init(ctx);
  sha512.update(ctx, noise, 32);
  sha512.update(ctx, secret + 32, 32);
  sha512.update(ctx, head, headLen);
  sha512.update(ctx, body, bodyLen);
  sha512.final(wide, ctx);
  sc.reduce(nonce, wide, work);
  memory.copy(spent, nonce, 32);
  ge.base(point, spent, 0, work);
  ge.encode(out, point, work);
  sha512.init(ctx);
  sha512.update(ctx, out, 32);
  sha512.update(ctx, key, 32);
  sha512.update(ctx, head, headLen);
  sha512.update(ctx, body, bodyLen);
  sha512.final(wide, ctx);
  sc.reduce(factor, wide, work);
  sc.mulAdd(wide, secret, factor, nonce, work);
  memory.copy(out + 32, wide, 32);
  scratch.release(wide);
  return Status.Ok;
}
