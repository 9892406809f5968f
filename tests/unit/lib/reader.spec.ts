import { Reader } from "../../../assembly/lib/reader";

const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 8));
const bytes = memory.data<u8>([1, 2, 3, 4, 5, 6, 7]);

describe("reader", () => {
  it("reads big-endian words in order", () => {
    reader.begin(bytes, 7);
    expect(reader.u8()).toBe(0x01);
    expect(reader.u16()).toBe(0x0203);
    expect(reader.u32()).toBe(0x04050607);
    expect(reader.left()).toBe(0);
    expect(reader.ok()).toBe(true);
  });

  it("fails at the first read past the end, and stays failed", () => {
    reader.begin(bytes, 3);
    reader.u8();
    expect(reader.u32()).toBe(0);
    expect(reader.ok()).toBe(false);
    expect(reader.u8()).toBe(0);
    expect(reader.left()).toBe(0);
  });
});
