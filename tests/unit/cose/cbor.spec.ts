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
