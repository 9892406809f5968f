import assert from "node:assert/strict";
import { test } from "node:test";
import { cdeDecodeOptions, decode as cbor2Decode, encode as cbor2Encode, cdeEncodeOptions } from "cbor2";
import * as fc from "fast-check";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { CborError, Float, MAX_DEPTH, decode, encode, type Fault, type Value } from "../../tools/wire/cbor.ts";

const SEED = 20260101;

/** RFC 8949 appendix A, the rows that fall into the subset. */
// prettier-ignore
const EXAMPLES: readonly (readonly [string, Value])[] = [
  ["00", 0], ["01", 1], ["0a", 10], ["17", 23], ["1818", 24], ["1819", 25], ["1864", 100], ["1903e8", 1000],
  ["1a000f4240", 1000000], ["1b000000e8d4a51000", 1000000000000], ["1bffffffffffffffff", 18446744073709551615n],
  ["3bffffffffffffffff", -18446744073709551616n], ["20", -1], ["29", -10], ["3863", -100], ["3903e7", -1000],
  ["f4", false], ["f5", true], ["f6", null], ["40", new Uint8Array(0)], ["4401020304", Uint8Array.of(1, 2, 3, 4)],
  ["60", ""], ["6161", "a"], ["6449455446", "IETF"], ["62225c", "\"\\"], ["62c3bc", "ü"], ["63e6b0b4", "水"],
  ["64f0908591", "\ud800\udd51"], ["80", []], ["83010203", [1, 2, 3]], ["8301820203820405", [1, [2, 3], [4, 5]]],
  ["98190102030405060708090a0b0c0d0e0f101112131415161718181819", Array.from({ length: 25 }, (_, i) => i + 1)],
  ["a0", new Map()], ["a201020304", new Map([[1, 2], [3, 4]])],
  ["f90000", new Float(0)], ["f98000", new Float(-0)], ["f93c00", new Float(1)], ["fb3ff199999999999a", new Float(1.1)],
  ["f93e00", new Float(1.5)], ["f97bff", new Float(65504)], ["fa47c35000", new Float(100000)],
  ["fa7f7fffff", new Float(3.4028234663852886e38)], ["fb7e37e43c8800759c", new Float(1e300)],
  ["f90001", new Float(5.960464477539063e-8)], ["f90400", new Float(0.00006103515625)], ["f9c400", new Float(-4)],
  ["fbc010666666666666", new Float(-4.1)], ["f97c00", new Float(Infinity)], ["f97e00", new Float(NaN)],
  ["f9fc00", new Float(-Infinity)],
  ["a26161016162820203", new Map<string, Value>([["a", 1], ["b", [2, 3]]])],
];

/** Encodings that a decoder must refuse. */
// prettier-ignore
const REFUSED: readonly (readonly [string, Fault])[] = [
  ["", "truncated"], ["18", "truncated"], ["19ff", "truncated"], ["42ff", "truncated"], ["62ff", "truncated"], ["8201", "truncated"],
  ["a101", "truncated"], ["9bffffffffffffffff", "truncated"], ["bb0000000100000000", "truncated"], ["5affffffff", "truncated"],
  ["0000", "trailing"], ["a000", "trailing"],
  ["1817", "not preferred"], ["190018", "not preferred"], ["1900ff", "not preferred"], ["1a0000ffff", "not preferred"],
  ["1b00000000ffffffff", "not preferred"], ["3817", "not preferred"], ["5800", "not preferred"], ["580100", "not preferred"],
  ["7800", "not preferred"], ["9800", "not preferred"], ["b800", "not preferred"], ["990000", "not preferred"],
  ["5f4100ff", "indefinite"], ["7f6161ff", "indefinite"], ["9fff", "indefinite"], ["bfff", "indefinite"], ["ff", "indefinite"], ["1f", "indefinite"],
  ["1c", "reserved"], ["5d", "reserved"], ["9e", "reserved"],
  ["fa00000000", "not preferred"], ["fb0000000000000000", "not preferred"], ["fa7fc00000", "not preferred"],
  ["fb3ff8000000000000", "not preferred"], ["fb47efffffe0000000", "not preferred"], ["f97e01", "not preferred"],
  ["f9fe00", "not preferred"], ["f93c", "truncated"], ["fb3ff199999999", "truncated"],
  ["f7", "simple"], ["e0", "simple"], ["f8ff", "simple"], ["f818", "simple"],
  ["c000", "tag"], ["d28440a04040", "tag"], ["d90100a0", "tag"],
  ["61ff", "utf-8"], ["62c328", "utf-8"], ["63eda080", "utf-8"],
  ["a1400000", "key type"], ["a1f500", "key type"], ["a1f93c0000", "key type"], ["a18000", "key type"],
  ["a203000100", "key order"], ["a2616100 0100".replace(" ", ""), "key order"], ["a2200001 00".replace(" ", ""), "key order"],
  ["a201000100", "duplicate key"], ["a2616100616101", "duplicate key"],
];

const label = fc.oneof(fc.integer({ min: -100000, max: 100000 }), fc.string({ maxLength: 8, unit: "grapheme" }));
const { item } = fc.letrec<{ item: Value; leaf: Value }>((tie) => ({
  leaf: fc.oneof(
    fc.maxSafeInteger(),
    fc.bigInt({ min: 1n << 53n, max: (1n << 64n) - 1n }),
    fc.bigInt({ min: -(1n << 64n), max: -(1n << 53n) }),
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noInteger: true }).map((value) => new Float(value)),
    fc.float({ noInteger: true }).map((value) => new Float(value)),
  ) as fc.Arbitrary<Value>,
  item: fc.oneof(
    { maxDepth: 5 },
    tie("leaf"),
    fc.array(tie("item"), { maxLength: 6 }),
    fc
      .uniqueArray(fc.tuple(label, tie("item")), { maxLength: 6, selector: ([key]) => key })
      .map((pairs) => new Map(pairs)),
  ) as fc.Arbitrary<Value>,
}));

void test("decode and encode the examples of RFC 8949 appendix A", () => {
  for (const [text, value] of EXAMPLES) {
    assert.deepEqual(decode(fromHex(text)!), value, text);
    assert.equal(hex(encode(value)), text);
  }
});

void test("refuse every other form by name", () => {
  for (const [text, fault] of REFUSED) {
    assert.throws(
      () => decode(fromHex(text)!),
      (error) => error instanceof CborError && error.fault === fault,
      `${text}: ${fault}`,
    );
  }
});

function nested(depth: number): Uint8Array {
  return Uint8Array.of(...Array<number>(depth - 1).fill(0x81), 0x80);
}

void test("refuse nesting beyond the limit, whatever its size", () => {
  assert.doesNotThrow(() => decode(nested(MAX_DEPTH)));
  for (const depth of [MAX_DEPTH + 1, 1000, 1_000_000]) {
    const bytes = new Uint8Array(depth).fill(0x81);
    assert.throws(
      () => decode(bytes),
      (error) => error instanceof CborError && error.fault === "depth",
    );
  }
});

/** A value as cbor2 has it: a float is a plain number, which cbor2 takes for an integer if it is one. */
function plain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (Array.isArray(value)) return value.map((item) => plain(item as Value));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key as unknown, plain(item as Value)]));
  return value;
}

void test("round trip any value, and agree with cbor2 on its encoding", () => {
  fc.assert(
    fc.property(item, (value) => {
      const bytes = encode(value);
      assert.deepEqual(decode(bytes), value);
      assert.equal(hex(bytes), hex(cbor2Encode(plain(value), cdeEncodeOptions)));
    }),
    { seed: SEED, numRuns: 500 },
  );
});

void test("decode nothing that does not encode to the same bytes, and nothing that cbor2's strict mode refuses", () => {
  let accepted = 0;
  fc.assert(
    fc.property(item, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, where, byte) => {
      const bytes = encode(value);
      bytes[where % bytes.length] = byte;
      let decoded: Value;
      try {
        decoded = decode(bytes);
      } catch (error) {
        assert.ok(error instanceof CborError, String(error));
        return;
      }
      accepted++;
      assert.equal(hex(encode(decoded)), hex(bytes));
      assert.doesNotThrow(() => cbor2Decode(bytes, { ...cdeDecodeOptions, rejectStringsNotNormalizedAs: null }));
    }),
    { seed: SEED, numRuns: 3000 },
  );
  assert.ok(accepted > 300, `only ${accepted} mutations stayed valid`);
});
