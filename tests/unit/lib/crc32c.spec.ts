import * as crc32c from "../../../assembly/lib/crc32c";

const digits = memory.data<u8>([0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39]);
const block = memory.data(32, 8);

describe("crc32c", () => {
  it("gives the check value of the catalogue", () => {
    expect(crc32c.sum(digits, 9)).toBe(0xe3069283);
  });

  it("gives the values of RFC 3720 B.4", () => {
    memory.fill(block, 0, 32);
    expect(crc32c.sum(block, 32)).toBe(0x8a9136aa);
    memory.fill(block, 0xff, 32);
    expect(crc32c.sum(block, 32)).toBe(0x62a8ab43);
    for (let i = 0; i < 32; i++) store<u8>(block + i, <u8>i);
    expect(crc32c.sum(block, 32)).toBe(0x46dd794e);
  });
});
