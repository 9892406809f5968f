/** Two implementations of one format: the firmware's CBOR and that of the tools write the same bytes, and accept the same ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { firmware } from "../../tools/guest/firmware.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { CborError, Float, decode, encode, type Value } from "../../tools/wire/cbor.ts";

const SEED = 20261128;

interface Exports {
  memory: WebAssembly.Memory;
  buffer(): number;
  writeFloat(value: number): number;
  writeInt(value: bigint): number;
  writeHead(major: number, argument: bigint): number;
  read(length: number): number;
  readInt(length: number): bigint;
  value(): bigint;
}

const guest = new WebAssembly.Instance(await firmware("tests/wire/guest.ts")).exports as unknown as Exports;
const io = new Uint8Array(guest.memory.buffer, guest.buffer(), 64);

function written(length: number): string {
  return hex(io.subarray(0, length));
}

/** Return what the firmware reads of an item: its number, its bits or its length; undefined if it refuses it. */
function read(bytes: Uint8Array): bigint | undefined {
  io.set(bytes);
  return guest.read(bytes.length) ? BigInt.asUintN(64, guest.value()) : undefined;
}

function bitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** Return the same of an item that the tools read. */
function numbered(value: Value): bigint {
  if (value instanceof Float) return bitsOf(value.value);
  if (typeof value === "number" || typeof value === "bigint") {
    const wide = BigInt(value);
    return wide < 0n ? -1n - wide : wide;
  }
  if (value instanceof Uint8Array) return BigInt(value.length);
  if (typeof value === "string") return BigInt(Buffer.byteLength(value));
  return value === true ? 1n : 0n;
}

/** Any double: those that are short forms as well as any bits. */
const anyFloat = fc.oneof(
  fc.double(),
  fc.float(),
  fc.integer({ min: -70_000, max: 70_000 }).map((value) => value / 64),
  fc.tuple(fc.integer({ min: -1080, max: 1023 }), fc.integer({ min: 1, max: 4095 })).map(([e, m]) => m * 2 ** e),
);

void test("both write any float in the same form, and read it back", () => {
  fc.assert(
    fc.property(anyFloat, (value) => {
      const bytes = encode(new Float(value));
      assert.equal(written(guest.writeFloat(value)), hex(bytes));
      assert.equal(read(bytes), Number.isNaN(value) ? 0x7ff8n << 48n : bitsOf(value));
    }),
    { seed: SEED, numRuns: 20_000 },
  );
});

void test("both write any integer of 64 bits in the same form, and read it back", () => {
  const anyInteger = fc.oneof(
    fc.bigInt({ min: -(1n << 64n), max: (1n << 64n) - 1n }),
    fc
      .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: -2, max: 2 }))
      .map(([bit, near]) => (1n << BigInt(bit)) + BigInt(near)),
  );
  fc.assert(
    fc.property(anyInteger, (value) => {
      const bytes = encode(value);
      const argument = value < 0n ? -1n - value : value;
      assert.equal(written(guest.writeHead(value < 0n ? 1 : 0, argument)), hex(bytes));
      assert.equal(read(bytes), argument);
      const fits = BigInt.asIntN(64, value) === value;
      if (fits) assert.equal(written(guest.writeInt(value)), hex(bytes));
      io.set(bytes);
      assert.equal(guest.readInt(bytes.length), fits ? value : 0n);
    }),
    { seed: SEED, numRuns: 5_000 },
  );
});

void test("both accept the same bytes as one item, and read the same of them", () => {
  // Arrays, maps and tags have no reader of their own on the device.
  const head = fc.integer({ min: 0, max: 255 }).filter((byte) => byte >> 5 <= 3 || byte >> 5 === 7);
  const wide = fc.constantFrom(0x18, 0x19, 0x1a, 0x1b, 0x38, 0x3b, 0x58, 0x78, 0xf9, 0xfa, 0xfb);
  const short = fc.tuple(wide, fc.uint8Array({ maxLength: 9 })).map(([byte, rest]) => [byte, ...rest]);
  const zeros = fc.tuple(wide, fc.constantFrom(1, 2, 4, 8), fc.uint8Array({ maxLength: 2 }));
  const sparse = zeros.map(([byte, size, rest]) => [byte, ...rest, ...new Uint8Array(Math.max(0, size - rest.length))]);
  const any = fc.tuple(head, fc.uint8Array({ maxLength: 40 })).map(([byte, rest]) => [byte, ...rest]);
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(any, short, sparse), (numbers) => {
      const bytes = Uint8Array.from(numbers);
      const theirs = read(bytes);
      try {
        assert.equal(theirs, numbered(decode(bytes)));
        accepted++;
      } catch (error) {
        if (!(error instanceof CborError)) throw error;
        // The firmware takes the bytes of a text as they are.
        if (error.fault !== "utf-8") assert.equal(theirs, undefined, `${hex(bytes)}: ${error.fault}`);
      }
    }),
    { seed: SEED, numRuns: 20_000 },
  );
  assert.ok(accepted > 1_500, `only ${accepted} were accepted`);
});
