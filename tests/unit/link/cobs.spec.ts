import * as cobs from "../../../assembly/link/_cobs";

const data = memory.data(260, 8);
const coded = memory.data(260, 8);

function roundTrip(len: u32): boolean {
  if (cobs.encode(coded, data, len) != len + 1) return false;
  for (let i: u32 = 0; i <= len; i++) if (load<u8>(coded + i) == 0) return false;
  if (cobs.decode(coded, len + 1) != <i32>len) return false;
  return memory.compare(coded + 1, data, len) == 0;
}

describe("cobs", () => {
  it("encodes examples like those of the paper", () => {
    store<u32>(data, 0x00332211);
    expect(cobs.encode(coded, data, 4)).toBe(5);
    expect(load<u32>(coded)).toBe(0x33221104);
    expect(load<u8>(coded + 4)).toBe(1);
    expect(cobs.encode(coded, data, 0)).toBe(1);
    expect(load<u8>(coded)).toBe(1);
  });

  it("decodes its own output, at every length, with and without zeros", () => {
    for (let len: u32 = 0; len <= cobs.MAX_BYTES; len++) {
      memory.fill(data, 0, len);
      if (!roundTrip(len)) throw new Error("all zeros");
      for (let i: u32 = 0; i < len; i++) store<u8>(data + i, <u8>(i + 1));
      if (!roundTrip(len)) throw new Error("no zeros");
      for (let i: u32 = 0; i < len; i++) store<u8>(data + i, i % 7 ? <u8>i : 0);
      if (!roundTrip(len)) throw new Error("some zeros");
    }
  });

  it("encodes in place", () => {
    for (let i: u32 = 0; i < 64; i++) store<u8>(coded + 1 + i, i % 5 ? <u8>i : 0);
    memory.copy(data, coded + 1, 64);
    cobs.encode(coded, coded + 1, 64);
    expect(cobs.decode(coded, 65)).toBe(64);
    expect(memory.compare(coded + 1, data, 64)).toBe(0);
  });

  it("refuses a code that points past the end, and no bytes at all", () => {
    store<u32>(coded, 0x11111105);
    expect(cobs.decode(coded, 4)).toBe(-1);
    store<u32>(coded, 0x11110211);
    expect(cobs.decode(coded, 4)).toBe(-1);
    expect(cobs.decode(coded, 0)).toBe(-1);
    store<u32>(coded, 0x11001102);
    expect(cobs.decode(coded, 4)).toBe(-1);
  });
});
