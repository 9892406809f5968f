/** The firmware's CBOR, for comparison with that of the tools: one item at a time, in a buffer. */
import * as cbor from "../../assembly/cose/cbor";
import { Major, Slice } from "../../assembly/cose/cbor";
import * as float from "../../assembly/cose/float";
import { Reader } from "../../assembly/lib/reader";
import { Writer } from "../../assembly/lib/writer";

const BUFFER_BYTES: u32 = 64;
const io = memory.data(BUFFER_BYTES, 8);
const word = memory.data(8, 8);
const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 4));
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 4));
const slice = changetype<Slice>(memory.data(offsetof<Slice>(), 4));

export function buffer(): usize {
  return io;
}

export function writeFloat(value: f64): u32 {
  writer.begin(io, BUFFER_BYTES);
  float.write(writer, value);
  return writer.length();
}

export function writeInt(value: i64): u32 {
  writer.begin(io, BUFFER_BYTES);
  cbor.int64(writer, value);
  return writer.length();
}

export function writeHead(major: u32, argument: u64): u32 {
  writer.begin(io, BUFFER_BYTES);
  cbor.head64(writer, major, argument);
  return writer.length();
}

/** Read the one item in the first `len` bytes; true if it is accepted: then `value` is its number, its bits, or its length. */
export function read(len: u32): bool {
  reader.begin(io, len);
  const first = len ? <u32>load<u8>(io) : 0xff;
  const major = first >>> 5;
  let value: u64 = 0;
  if (major <= <u32>Major.Nint) value = cbor.argument64(reader, major);
  else if (major <= <u32>Major.Text) {
    cbor.readString(slice, reader, major, 0, BUFFER_BYTES);
    value = slice.len;
  } else if (first >= 0xf9) value = reinterpret<u64>(float.read(reader));
  else if (first == 0xf6) cbor.readNil(reader);
  else value = cbor.readFlag(reader) ? 1 : 0;
  store<u64>(word, value);
  return reader.ok() && reader.left() == 0;
}

/** Read the item as an integer of 64 bits; 0 if it is refused. */
export function readInt(len: u32): i64 {
  reader.begin(io, len);
  return cbor.readInt64(reader);
}

export function value(): u64 {
  return load<u64>(word);
}
