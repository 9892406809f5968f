/** The lab's operations on whole blocks: what a core may answer in its own assembly, beside the portable twin. */
import { Reader } from "../../assembly/lib/reader";
import * as scratch from "../../assembly/lib/scratch";
import { Status } from "../../assembly/lib/status";
import * as aes128 from "../../assembly/crypto/_aes128";
import * as chacha20 from "../../assembly/crypto/_chacha20";
import * as ghash from "../../assembly/crypto/_ghash";
import * as poly1305 from "../../assembly/crypto/_poly1305";
import { Poly1305 } from "../../assembly/crypto/_poly1305";
import * as sbox from "../../assembly/crypto/_sbox";
import * as sha256 from "../../assembly/crypto/_sha256";
import * as sha512 from "../../assembly/crypto/_sha512";
import { Op } from "./op";

/** Run one of them; the answer goes to `out`, which is where the request is. */
export function run(out: usize, reader: Reader, op: u32): i32 {
  const stateLen = reader.u16(),
    from = reader.take(stateLen);
  const dataLen = reader.u16(),
    data = reader.take(dataLen);
  if (!reader.ok() || stateLen > 64) return Status.Malformed;
  const state = scratch.take(64);
  memory.copy(state, from, stateLen);
  switch (op) {
    case Op.Sha256Blocks:
      sha256.compress(state, data, dataLen / 64);
      break;
    case Op.Sha256BlocksPortable:
      sha256.compressPortable(state, data, dataLen / 64);
      break;
    case Op.Sha512Blocks:
      sha512.compress(state, data, dataLen / 128);
      break;
    case Op.Sha512BlocksPortable:
      sha512.compressPortable(state, data, dataLen / 128);
      break;
    case Op.ChaCha20Blocks:
    case Op.ChaCha20BlocksPortable:
      cipher(out + stateLen, data, dataLen / 64, state, op == Op.ChaCha20Blocks);
      break;
    case Op.Poly1305Blocks:
    case Op.Poly1305BlocksPortable:
      return authenticate(out, state, data, dataLen / 16, op == Op.Poly1305Blocks);
    case Op.Aes128Pairs:
    case Op.Aes128PairsPortable:
      encrypt(state, data, dataLen, op == Op.Aes128Pairs);
      break;
    case Op.AesSubstitute:
      sbox.substitute(state);
      break;
    case Op.AesSubstitutePortable:
      sbox.substitutePortable(state);
      break;
    case Op.Aes128Transpose:
      aes128.transpose(state);
      break;
    case Op.Aes128TransposePortable:
      aes128.transposePortable(state);
      break;
    case Op.GhashBlocks:
    case Op.GhashBlocksPortable:
      return hash(out, state, data, dataLen / 16, op == Op.GhashBlocks);
  }
  const givesData = op == Op.ChaCha20Blocks || op == Op.ChaCha20BlocksPortable || isAes(op);
  if (givesData) memory.copy(out + stateLen, data, dataLen);
  memory.copy(out, state, stateLen);
  return givesData ? stateLen + dataLen : stateLen;
}


@inline
function isAes(op: u32): bool {
  return op == Op.Aes128Pairs || op == Op.Aes128PairsPortable;
}

/** ChaCha20 of `data` in place, by way of `work`: an even number of blocks is not aligned there. */
function cipher(work: usize, data: usize, blocks: u32, state: usize, native: bool): void {
  const at = work + (blocks & 1) + 3;
  memory.copy(at, data, blocks * chacha20.BLOCK_BYTES);
  if (native) chacha20.xorBlocks(at, at, blocks, state);
  else chacha20.xorBlocksPortable(at, at, blocks, state);
  memory.copy(data, at, blocks * chacha20.BLOCK_BYTES);
}

function encrypt(key: usize, data: usize, dataLen: u32, native: bool): void {
  const schedule = scratch.take(aes128.SCHEDULE_BYTES);
  aes128.expand(schedule, key);
  for (let at = data; at < data + dataLen; at += aes128.PAIR_BYTES) {
    const pair = scratch.take(aes128.PAIR_BYTES);
    memory.copy(pair, at, aes128.PAIR_BYTES);
    if (native) aes128.encrypt(pair, schedule);
    else aes128.encryptPortable(pair, schedule);
    memory.copy(at, pair, aes128.PAIR_BYTES);
  }
}

function hash(out: usize, key: usize, data: usize, blocks: u32, native: bool): i32 {
  const state = scratch.take(ghash.STATE_BYTES);
  ghash.init(state, key);
  if (native) ghash.absorbBlocks(state, data, blocks);
  else ghash.absorbBlocksPortable(state, data, blocks);
  memory.copy(out, state, ghash.BLOCK_BYTES);
  return ghash.BLOCK_BYTES;
}

function authenticate(out: usize, key: usize, data: usize, blocks: u32, native: bool): i32 {
  const ctx = changetype<Poly1305>(scratch.take(offsetof<Poly1305>()));
  poly1305.init(ctx, key);
  if (native) poly1305.absorbBlocks(ctx, data, blocks);
  else poly1305.absorbBlocksPortable(ctx, data, blocks);
  poly1305.final(out, ctx);
  return poly1305.TAG_BYTES;
}
