import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decimals, times } from "../../../tools/server/page/axis.js";
import { fields, line } from "../../../tools/server/page/reading.js";
import { hex } from "../../../tools/wire/bytes.ts";
import { encode } from "../../../tools/wire/cbor.ts";
import { text } from "../harness.ts";

const SEED = 20261125;

void test("the fields of the firmware are named, with their units; text and decimals are read; the rest is bytes", () => {
  const reading = new Map([
    [1, -20_435],
    [2, 7],
  ]);
  assert.equal(line(fields(hex(encode(reading)))), "temperature -20.435 °C, uptime 7 s");
  assert.deepEqual(
    fields(hex(encode(reading))).map(({ value }) => value),
    [-20.435, 7],
  );
  assert.deepEqual(fields(hex(text("21.5")))[0], { key: "", name: "", unit: "", value: 21.5, text: "21.5" });
  assert.equal(line(fields(hex(text("door open")))), "door open");
  assert.equal(line(fields(hex(encode([1, "x", true])))), "[0] 1, [1] x, [2] true");
  // Half, single and double precision.
  for (const float of ["f93e00", "fa3fc00000", "fb3ff8000000000000"]) assert.equal(fields(float)[0]!.value, 1.5);
  assert.equal(fields("fb7ff0000000000000")[0]!.value, undefined, "infinity is not drawn");
  assert.equal(line(fields("")), "bytes empty");
  assert.equal(line(fields("ff")), "bytes ff");
});

void test("text in UTF-8 is read where it is no CBOR, and control characters are no text", () => {
  assert.equal(line(fields(hex(text("Tür offen, 21 °C")))), "Tür offen, 21 °C");
  assert.equal(line(fields(hex(encode(new Map([["Größe", 3]]))))), "Größe 3");
  assert.equal(line(fields(hex(text("ü\u0007")))), "bytes c3bc07");
  assert.equal(line(fields(hex(text("ü\u202e")))), "bytes c3bce280ae");
});

void test("the labels of an axis tell its places apart", () => {
  const start = Date.UTC(2026, 0, 1) / 1000;
  for (const [step, many] of [
    [1, 20],
    [60, 20],
    [3600, 30],
    [21_600, 12],
    [86_400, 40],
    [28 * 86_400, 30],
    [365 * 86_400, 10],
  ] as const) {
    const written = times(Array.from({ length: many }, (_, i) => start + i * step));
    for (const [i, one] of written.entries()) assert.notEqual(one, written[i - 1], `${step} s: ${written.join(" ")}`);
    if (step >= 86_400) assert.equal(new Set(written).size, many, written.join(" "));
  }
  assert.deepEqual(decimals([20.1, 20.1025, 20.105], 0.0025), ["20.1000", "20.1025", "20.1050"]);
  assert.deepEqual(decimals([-1000, 0, 1000], 1000), ["-1,000", "0", "1,000"]);
  assert.deepEqual(decimals([0, 0.25, 0.5], 0.25), ["0.00", "0.25", "0.50"]);
});

void test("names of Object.prototype are not field names", () => {
  const hostile = new Map([
    ["constructor", 1],
    ["__proto__", 2],
  ]);
  assert.equal(line(fields(hex(encode(hostile)))), "__proto__ 2, constructor 1");
});

void test("any bytes of a report are read, in bounds, without an exception", () => {
  const deep = fc.nat(400).map((depth) => new Uint8Array([...new Uint8Array(depth).fill(0x81), 0]));
  const lies = fc
    .tuple(fc.constantFrom(0x5a, 0x7a, 0x9a, 0xba, 0xbb, 0xdb), fc.uint8Array({ maxLength: 20 }))
    .map(([head, rest]) => new Uint8Array([head, ...rest]));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 512 }), deep, lies), (bytes) => {
      const found = fields(hex(bytes));
      assert.ok(found.length <= 32);
      for (const { value, text } of found) {
        assert.ok(value === undefined || Number.isFinite(value));
        assert.equal(typeof text, "string");
      }
    }),
    { seed: SEED, numRuns: 5000 },
  );
});
