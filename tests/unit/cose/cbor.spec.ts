import { Reader } from "../../../assembly/lib/reader";
import { Writer } from "../../../assembly/lib/writer";
import * as cbor from "../../../assembly/cose/cbor";
import { Major, Slice } from "../../../assembly/cose/cbor";
import { hex, show } from "../support/hex";

const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 8));
const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 8));
const slice = changetype<Slice>(memory.data(offsetof<Slice>(), 8));
const room = memory.data(64, 8);

function written(): string {
  return show(room, writer.length());
}

function read(text: string): Uint8Array {
  const bytes = hex(text);
  reader.begin(bytes.dataStart, bytes.length);
  return bytes;
}

/** True if `text` is refused as an integer of either sign. */
function refusesInt(text: string): boolean {
  const bytes = read(text);
  cbor.readInt(reader);
  return reader.failed != 0 && bytes.length >= 0;
}

describe("cbor", () => {
  it("writes integers as in RFC 8949 appendix A", () => {
    const values: i32[] = [0, 23, 24, 100, 1000, 1000000, -1, -10, -100, -1000, -70001];
    const texts = ["00", "17", "1818", "1864", "1903e8", "1a000f4240", "20", "29", "3863", "3903e7", "3a00011170"];
    for (let i = 0; i < values.length; i++) {
      writer.begin(room, 64);
      cbor.int(writer, values[i]);
      expect(written()).toBe(texts[i]);
      const bytes = read(texts[i]);
      expect(cbor.readInt(reader)).toBe(values[i]);
      expect(reader.ok() && reader.left() == 0 && bytes.length > 0).toBe(true);
    }
  });

  it("reads back every integer next to a change of form", () => {
    for (let bits = 0; bits < 31; bits++) {
      for (let near = -1; near <= 1; near++) {
        for (let sign = 0; sign < 2; sign++) {
          const value = (1 << bits) + near;
          const wanted = sign ? ~value : value;
          writer.begin(room, 64);
          cbor.int(writer, wanted);
          reader.begin(room, writer.length());
          expect(cbor.readInt(reader)).toBe(wanted);
          expect(reader.ok()).toBe(true);
        }
      }
    }
  });

  it("writes and reads integers of 64 bits as RFC 8949 appendix A has them", () => {
    const unsigned: u64[] = [23, 1000000, 4294967295, 4294967296, 1000000000000, 18446744073709551615];
    // prettier-ignore
    const texts = ["17", "1a000f4240", "1affffffff", "1b0000000100000000", "1b000000e8d4a51000", "1bffffffffffffffff"];
    for (let i = 0; i < unsigned.length; i++) {
      writer.begin(room, 64);
      cbor.uint64(writer, unsigned[i]);
      expect(written()).toBe(texts[i]);
      reader.begin(room, writer.length());
      expect(cbor.readUint64(reader)).toBe(unsigned[i]);
      expect(reader.ok() && reader.left() == 0).toBe(true);
    }
    const signed: i64[] = [0, -1, -1000, -4294967296, -4294967297, i64.MIN_VALUE, i64.MAX_VALUE];
    // prettier-ignore
    const forms = ["00", "20", "3903e7", "3affffffff", "3b0000000100000000", "3b7fffffffffffffff", "1b7fffffffffffffff"];
    for (let i = 0; i < signed.length; i++) {
      writer.begin(room, 64);
      cbor.int64(writer, signed[i]);
      expect(written()).toBe(forms[i]);
      reader.begin(room, writer.length());
      expect(cbor.readInt64(reader)).toBe(signed[i]);
      expect(reader.ok() && reader.left() == 0).toBe(true);
    }
  });

  it("writes and reads negative integers below -2^63 by their argument", () => {
    writer.begin(room, 64);
    cbor.head64(writer, Major.Nint, u64.MAX_VALUE);
    expect(written()).toBe("3bffffffffffffffff");
    reader.begin(room, writer.length());
    expect(cbor.argument64(reader, Major.Nint)).toBe(u64.MAX_VALUE);
    reader.begin(room, writer.length());
    expect(cbor.readInt64(reader)).toBe(0);
    expect(reader.failed).toBe(1);
  });

  it("refuses longer forms of 64 bits than needed", () => {
    const texts = ["1b00000000ffffffff", "1b0000000000000000", "1b00000001000000", "1a0000ffff", "40", ""];
    for (let i = 0; i < texts.length; i++) {
      const bytes = read(texts[i]);
      expect(cbor.readUint64(reader)).toBe(0);
      expect(reader.failed != 0 && bytes.length >= 0).toBe(true);
    }
  });

  it("writes and reads true, false and null, and nothing else for them", () => {
    writer.begin(room, 64);
    cbor.flag(writer, false);
    cbor.flag(writer, true);
    cbor.nil(writer);
    expect(written()).toBe("f4f5f6");
    reader.begin(room, 3);
    expect(cbor.readFlag(reader)).toBe(false);
    expect(cbor.readFlag(reader)).toBe(true);
    cbor.readNil(reader);
    expect(reader.ok() && reader.left() == 0).toBe(true);
    for (let byte: u32 = 0; byte < 256; byte++) {
      store<u8>(room, <u8>byte);
      reader.begin(room, 1);
      cbor.readFlag(reader);
      expect(reader.ok()).toBe(byte == 0xf4 || byte == 0xf5);
      reader.begin(room, 1);
      cbor.readNil(reader);
      expect(reader.ok()).toBe(byte == 0xf6);
    }
  });

  it("reads a map whose keys are names", () => {
    const bytes = read("a2646f70656e f5 64736f696c 1864".replaceAll(" ", ""));
    const open = hex("6f70656e");
    const soil = hex("736f696c");
    cbor.readCount(reader, Major.Map, 2);
    expect(cbor.readOptionalTextKey(reader, soil.dataStart, 4)).toBe(false);
    expect(cbor.readOptionalTextKey(reader, open.dataStart, 3)).toBe(false);
    expect(cbor.readOptionalTextKey(reader, open.dataStart, 4)).toBe(true);
    expect(cbor.readFlag(reader)).toBe(true);
    cbor.readTextKey(reader, soil.dataStart, 4);
    expect(cbor.readUint(reader)).toBe(100);
    expect(cbor.readOptionalTextKey(reader, soil.dataStart, 4)).toBe(false);
    expect(reader.ok() && reader.left() == 0 && bytes.length > 0).toBe(true);
    const cut = read("64736f69");
    expect(cbor.readOptionalTextKey(reader, soil.dataStart, 4)).toBe(false);
    expect(reader.failed != 0 && cut.length > 0).toBe(true);
    const other = read("646f70656e");
    cbor.readTextKey(reader, soil.dataStart, 4);
    expect(reader.failed != 0 && other.length > 0).toBe(true);
  });

  it("refuses longer forms than needed, 64 bits, reserved and indefinite ones", () => {
    expect(refusesInt("1817")).toBe(true);
    expect(refusesInt("1900ff")).toBe(true);
    expect(refusesInt("1a0000ffff")).toBe(true);
    expect(refusesInt("1b0000000100000000")).toBe(true);
    expect(refusesInt("1c")).toBe(true);
    expect(refusesInt("1f")).toBe(true);
    expect(refusesInt("3817")).toBe(true);
    expect(refusesInt("1a80000000")).toBe(true);
    expect(refusesInt("40")).toBe(true);
    expect(refusesInt("19 01")).toBe(true);
    expect(refusesInt("")).toBe(true);
  });

  it("refuses strings outside of their limits, and returns nothing of them", () => {
    let bytes = read("43010203");
    cbor.readString(slice, reader, Major.Bytes, 0, 2);
    expect(reader.failed).toBe(1);
    expect(slice.len).toBe(0);
    bytes = read("43010203");
    cbor.readString(slice, reader, Major.Bytes, 1, 3);
    expect(reader.ok()).toBe(true);
    expect(slice.at).toBe(bytes.dataStart + 1);
    expect(slice.len).toBe(3);
    bytes = read("5f");
    cbor.readString(slice, reader, Major.Bytes, 0, 64);
    expect(reader.failed).toBe(1);
    bytes = read("430102");
    cbor.readString(slice, reader, Major.Bytes, 0, 64);
    expect(slice.len).toBe(0);
    expect(reader.failed).toBe(1);
    expect(bytes.length).toBe(3);
  });

  it("skips an optional key only if it is present", () => {
    const bytes = read("03183f");
    expect(cbor.readOptionalKey(reader, 4)).toBe(false);
    expect(cbor.readOptionalKey(reader, 3)).toBe(true);
    expect(cbor.readUint(reader)).toBe(63);
    expect(cbor.readOptionalKey(reader, 5)).toBe(false);
    expect(reader.ok() && bytes.length == 3).toBe(true);
  });
});
