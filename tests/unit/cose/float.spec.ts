import { Reader } from "../../../assembly/lib/reader";
import { Writer } from "../../../assembly/lib/writer";
import * as float from "../../../assembly/cose/float";
import { hex, show } from "../support/hex";

const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 8));
const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 8));
const room = memory.data(16, 8);

function written(value: f64): string {
  writer.begin(room, 16);
  float.write(writer, value);
  return show(room, writer.length());
}

/** The bits of the float in `text`; the reader fails if it is refused. */
function read(text: string): u64 {
  const bytes = hex(text);
  reader.begin(bytes.dataStart, bytes.length);
  const value = float.read(reader);
  return bytes.length >= 0 ? reinterpret<u64>(value) : 0;
}

describe("floats", () => {
  it("are written and read as RFC 8949 appendix A has them", () => {
    // prettier-ignore
    const values: f64[] = [
      0, -0.0, 1, 1.1, 1.5, 65504, 100000, 3.4028234663852886e38, 1e300, 5.960464477539063e-8, 0.00006103515625,
      -4, -4.1, Infinity, NaN, -Infinity,
    ];
    const texts = [
      "f90000",
      "f98000",
      "f93c00",
      "fb3ff199999999999a",
      "f93e00",
      "f97bff",
      "fa47c35000",
      "fa7f7fffff",
      "fb7e37e43c8800759c",
      "f90001",
      "f90400",
      "f9c400",
      "fbc010666666666666",
      "f97c00",
      "f97e00",
      "f9fc00",
    ];
    for (let i = 0; i < values.length; i++) {
      expect(written(values[i])).toBe(texts[i]);
      expect(read(texts[i])).toBe(reinterpret<u64>(values[i]));
      expect(reader.ok() && reader.left() == 0).toBe(true);
    }
  });

  it("have the form before the next at each edge between two", () => {
    // The smallest and the largest of each form, and one bit beyond.
    expect(written(6.103515625e-5 - 5.960464477539063e-8)).toBe("f903ff");
    expect(written(2.9802322387695312e-8)).toBe("fa33000000");
    expect(written(65505)).toBe("fa477fe100");
    expect(written(1.401298464324817e-45)).toBe("fa00000001");
    expect(written(7.006492321624085e-46)).toBe("fb3690000000000000");
    expect(written(1.1754942106924411e-38)).toBe("fa007fffff");
    expect(written(3.402823466385289e38)).toBe("fb47efffffe0000001");
    expect(written(5e-324)).toBe("fb0000000000000001");
  });

  it("of 16 bits are read and written back, all of them", () => {
    let refused = 0;
    for (let half: u32 = 0; half < 0x10000; half++) {
      store<u8>(room, 0xf9);
      store<u16>(room + 1, bswap(<u16>half));
      reader.begin(room, 3);
      const value = float.read(reader);
      if (reader.failed) {
        refused++;
        continue;
      }
      writer.begin(room, 16);
      float.write(writer, value);
      if (writer.length() != 3 || bswap(load<u16>(room + 1)) != <u16>half) expect(half).toBe(0x10000);
    }
    // Each NaN but one.
    expect(refused).toBe(2 * 1023 - 1);
  });

  it("are refused in a longer form than needed, cut short, with another NaN, and where there is another item", () => {
    // prettier-ignore
    const texts = [
      "fa00000000", "fa3fc00000", "fa7fc00000", "fa7f800000", "fb3ff8000000000000", "fb7ff8000000000000",
      "fb47efffffe0000000", "fb36a0000000000000", "f97e01", "f9fe00", "f97d00", "fa7fc00001", "fb7ff8000000000001",
      "f93c", "fa47c350", "fb3ff19999999999", "f8ff", "f7", "01", "fc", "ff", "",
    ];
    for (let i = 0; i < texts.length; i++) {
      expect(read(texts[i])).toBe(0);
      expect(reader.failed).toBe(1);
    }
  });
});
