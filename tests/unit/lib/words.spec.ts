import * as words from "../../../assembly/lib/words";

const a = memory.data(32, 8);
const b = memory.data(32, 8);

describe("words", () => {
  it("widens, tests for zero and selects", () => {
    expect(words.mask(0)).toBe(0);
    expect(words.mask(1)).toBe(0xffffffff);
    expect(words.isZero(0)).toBe(1);
    expect(words.isZero(1)).toBe(0);
    expect(words.isZero(0x80000000)).toBe(0);
    expect(words.isZero(0xffffffff)).toBe(0);
    expect(words.select(1, 5, 9)).toBe(5);
    expect(words.select(0, 5, 9)).toBe(9);
  });

  it("detects a difference in any bit", () => {
    expect(words.equal(a, b, 32)).toBe(1);
    expect(words.equal(a, b, 0)).toBe(1);
    for (let bit = 0; bit < 256; bit++) {
      const one: i32 = 1 << (bit & 7);
      store<u8>(b + (bit >> 3), <u8>one);
      expect(words.equal(a, b, 32)).toBe(0);
      store<u8>(b + (bit >> 3), 0);
    }
  });

  it("reports memory compared with itself as different", () => {
    expect(words.equal(a, b, 32)).toBe(1);
    expect(words.distance(a, b, 32)).toBe(0);
    expect(words.equal(a, a, 32)).toBe(0);
    expect(words.distance(a, a, 32)).toBe(1);
  });
});
