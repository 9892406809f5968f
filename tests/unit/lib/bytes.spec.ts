import * as bytes from "../../../assembly/lib/bytes";

const room = memory.data(24, 8);

describe("bytes", () => {
  it("stores and loads big-endian words at any alignment", () => {
    bytes.store16be(room + 1, 0x0102);
    expect(load<u8>(room + 1)).toBe(1);
    expect(bytes.load16be(room + 1)).toBe(0x0102);
    bytes.store32be(room + 3, 0x01020304);
    expect(load<u8>(room + 6)).toBe(4);
    expect(bytes.load32be(room + 3)).toBe(0x01020304);
    bytes.store64be(room + 5, 0x0102030405060708);
    expect(load<u8>(room + 5)).toBe(1);
    expect(bytes.load64be(room + 5)).toBe(0x0102030405060708);
  });

  it("copies overlapping bytes, compares and wipes", () => {
    for (let i = 0; i < 8; i++) store<u8>(room + i, <u8>i);
    bytes.copy(room + 1, room, 8);
    for (let i = 0; i < 8; i++) expect(load<u8>(room + 1 + i)).toBe(<u8>i);
    bytes.copy(room + 12, room + 1, 8);
    expect(bytes.same(room + 1, room + 12, 8)).toBe(true);
    store<u8>(room + 19, 0xff);
    expect(bytes.same(room + 1, room + 12, 8)).toBe(false);
    expect(bytes.same(room + 1, room + 12, 7)).toBe(true);
    bytes.wipe(room, 24);
    for (let i = 0; i < 24; i++) expect(load<u8>(room + i)).toBe(0);
  });
});
