/** The lab's operations on single elements: what a core may answer in its own assembly, beside the portable twin. */
import * as fe from "../../assembly/crypto/_fe25519";
import * as ge from "../../assembly/crypto/_ge25519";
import * as sc from "../../assembly/crypto/_sc25519";
import * as x25519 from "../../assembly/crypto/x25519";
import { Reader } from "../../assembly/lib/reader";
import * as scratch from "../../assembly/lib/scratch";
import { Status } from "../../assembly/lib/status";
import { Op } from "./op";

/** A field of the request, as long as said, where words can be loaded from. */
function words(reader: Reader, bytes: u32): usize {
  const at = scratch.take(bytes);
  if (reader.u16() != bytes) reader.fail();
  const from = reader.take(bytes);
  if (reader.ok()) memory.copy(at, from, bytes);
  return at;
}

function number(reader: Reader): u32 {
  return reader.u16() == 2 ? reader.u16() : reader.u32();
}

/** Run one of them; the answer goes to `out`, which is where the request is. */
export function run(out: usize, reader: Reader, op: u32): i32 {
  const answer = scratch.take(128);
  const bytes = calculate(answer, reader, op);
  if (!reader.ok()) return Status.Malformed;
  memory.copy(out, answer, bytes);
  return bytes;
}

function calculate(out: usize, reader: Reader, op: u32): u32 {
  switch (op) {
    case Op.FeSwap:
    case Op.FeSwapPortable: {
      const a = words(reader, 64);
      const b = words(reader, 64);
      const bit = number(reader);
      if (op == Op.FeSwap) fe.swap(a, b, bit);
      else fe.swapPortable(a, b, bit);
      memory.copy(out, a, 64);
      memory.copy(out + 64, b, 64);
      return 128;
    }
    case Op.CombSelect:
    case Op.CombSelectPortable: {
      const first = number(reader);
      const digit = number(reader);
      if (op == Op.CombSelect) ge.select(out, first, digit);
      else ge.selectPortable(out, first, digit);
      return 96;
    }
    case Op.CombRow:
    case Op.CombRowPortable: {
      const first = number(reader) + 8 * number(reader);
      if (op == Op.CombRow) ge.copyRow(out, first);
      else ge.copyRowPortable(out, first);
      return 96;
    }
    case Op.Ladder:
    case Op.LadderPortable: {
      const w = words(reader, x25519.STATE_BYTES);
      scratch.take(x25519.WORK_BYTES);
      if (op == Op.Ladder) x25519.ladder(w);
      else x25519.ladderPortable(w);
      memory.copy(out, w + 32, 64);
      return 64;
    }
    case Op.GeDouble:
    case Op.GeDoublePortable: {
      const p = words(reader, ge.POINT_BYTES);
      const wanted = number(reader) != 0;
      const w = scratch.take(ge.WORK_BYTES);
      if (op == Op.GeDouble) ge.double(p, wanted, w);
      else ge.doublePortable(p, wanted, w);
      memory.copy(out, p, ge.POINT_BYTES);
      return ge.POINT_BYTES;
    }
    case Op.GeAdd:
    case Op.GeAddPortable: {
      const p = words(reader, ge.POINT_BYTES);
      const q = words(reader, ge.POINT_BYTES);
      const how = number(reader);
      const w = scratch.take(ge.WORK_BYTES);
      if (op == Op.GeAdd) ge.add(p, q, how, w);
      else ge.addPortable(p, q, how, w);
      memory.copy(out, p, ge.POINT_BYTES);
      return ge.POINT_BYTES;
    }
    case Op.ScReduce: {
      const wide = words(reader, 64);
      sc.reduce(out, wide, scratch.take(sc.WORK_BYTES));
      return 32;
    }
    case Op.ScMulAdd: {
      const a = words(reader, 32);
      const b = words(reader, 32);
      const c = words(reader, 32);
      sc.mulAdd(out, a, b, c, scratch.take(sc.WORK_BYTES));
      return 32;
    }
  }
  element(out, words(reader, 32), reader, op);
  return 32;
}

/** The operations that begin with an element and give one. */
function element(out: usize, a: usize, reader: Reader, op: u32): void {
  switch (op) {
    case Op.FeMul:
      return fe.mul(out, a, words(reader, 32));
    case Op.FeMulPortable:
      return fe.mulPortable(out, a, words(reader, 32));
    case Op.FeSquare:
      return fe.square(out, a, number(reader));
    case Op.FeSquarePortable:
      return fe.squarePortable(out, a, number(reader));
    case Op.FeScale: {
      const factor = number(reader);
      return fe.scale(out, a, factor, words(reader, 32));
    }
    case Op.FeScalePortable: {
      const factor = number(reader);
      return fe.scalePortable(out, a, factor, words(reader, 32));
    }
    case Op.FeSub:
      return fe.sub(out, a, words(reader, 32));
    case Op.FeSubPortable:
      return fe.subPortable(out, a, words(reader, 32));
    case Op.ScMontgomery:
      return sc.montgomery(out, a, words(reader, 32));
    case Op.ScMontgomeryPortable:
      return sc.montgomeryPortable(out, a, words(reader, 32));
    case Op.FeInvert:
      fe.invert(out, a, scratch.take(fe.INVERT_BYTES));
      return fe.freeze(out);
    case Op.FeFreeze:
      fe.copy(out, a);
      return fe.freeze(out);
  }
}
