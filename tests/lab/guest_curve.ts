/** The lab's operations on curve25519. */
import * as ed25519 from "../../assembly/crypto/ed25519";
import * as x25519 from "../../assembly/crypto/x25519";
import { Reader } from "../../assembly/lib/reader";
import { Status } from "../../assembly/lib/status";
import * as scratch from "../../assembly/lib/scratch";
import * as field from "./guest_field";
import { Op } from "./op";

/** Run one of them; the answer goes to `out`, which is where the request is. */
export function run(out: usize, reader: Reader, op: u32): i32 {
  if (op >= <u32>Op.CombRow) return field.run(out, reader, op);
  switch (op) {
    case Op.Ed25519PublicKey: {
      const seed = exact(reader, ed25519.SEED_BYTES);
      if (!reader.ok()) return Status.Malformed;
      ed25519.publicKey(out, seed);
      return ed25519.KEY_BYTES;
    }
    case Op.Ed25519Sign:
      return sign(out, reader);
    case Op.Ed25519Verify: {
      const signature = exact(reader, ed25519.SIGNATURE_BYTES);
      const key = exact(reader, ed25519.KEY_BYTES);
      const headLen = reader.u16(),
        head = reader.take(headLen);
      const bodyLen = reader.u16(),
        body = reader.take(bodyLen);
      return reader.ok() ? ed25519.verify(signature, key, head, headLen, body, bodyLen) : Status.Malformed;
    }
    case Op.X25519PublicKey: {
      const scalar = exact(reader, 32);
      if (!reader.ok()) return Status.Malformed;
      x25519.publicKey(out, scalar);
      return 32;
    }
    case Op.X25519: {
      const scalar = exact(reader, 32);
      const point = exact(reader, 32);
      if (!reader.ok()) return Status.Malformed;
      const status = x25519.derive(out, scalar, point);
      return status == Status.Ok ? 32 : status;
    }
  }
  return Status.Unexpected;
}

/** A field that has one length only. */
function exact(reader: Reader, len: u32): usize {
  if (reader.u16() != len) reader.fail();
  return reader.take(len);
}

function sign(out: usize, reader: Reader): i32 {
  const seed = exact(reader, ed25519.SEED_BYTES);
  const key = exact(reader, ed25519.KEY_BYTES);
  const noiseLen = reader.u16(),
    noise = reader.take(noiseLen);
  const headLen = reader.u16(),
    head = reader.take(headLen);
  const bodyLen = reader.u16(),
    body = reader.take(bodyLen);
  if (!reader.ok() || (noiseLen != 0 && noiseLen != ed25519.NOISE_BYTES)) return Status.Malformed;
  const signature = scratch.take(ed25519.SIGNATURE_BYTES);
  ed25519.sign(signature, seed, key, noiseLen ? noise : 0, head, headLen, body, bodyLen);
  memory.copy(out, signature, ed25519.SIGNATURE_BYTES);
  return ed25519.SIGNATURE_BYTES;
}
