import * as word from "../../../assembly/link/word";

const mixed = memory.data<u8>([1, 'a"é', 0, "/"]);
const empty = memory.data<u8>([""]);
const numbers = memory.data<u8>([7, 8]);

/** The bytes at `at`. */
function list(at: usize, len: u32): u8[] {
  const out: u8[] = [];
  for (let i: u32 = 0; i < len; i++) out.push(load<u8>(at + i));
  return out;
}

describe("text in memory.data", () => {
  it("contains its UTF-8 bytes, beside numbers", () => {
    expect(list(mixed, bytesOf(mixed))).toStrictEqual([1, 0x61, 0x22, 0xc3, 0xa9, 0, 0x2f]);
  });

  it("may be empty, and numbers alone are counted too", () => {
    expect(bytesOf(empty)).toBe(0);
    expect(empty).not.toBe(0);
    expect(list(numbers, bytesOf(numbers))).toStrictEqual([7, 8]);
  });

  it("has the hash of the same bytes in a running line", () => {
    let hash = word.START;
    for (let i: u32 = 0; i < bytesOf(mixed); i++) hash = word.step(hash, load<u8>(mixed + i));
    expect(hash).toBe(fnv1a('\x01a"é\0/'));
  });
});
