import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../../tools/wire/bytes.ts";
import { checksum } from "../../tools/wire/crc32c.ts";
import * as factory from "../../tools/wire/factory.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

void test("CRC-32C as in RFC 3720 appendix B.4", () => {
  assert.equal(checksum(text("123456789")), 0xe3069283);
  assert.equal(checksum(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(checksum(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(checksum(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(checksum(text("6789"), checksum(text("12345"))), 0xe3069283);
});

const least: factory.Factory = {
  link: "framed",
  host: "127.0.0.1",
  port: 8080,
  audience: "signet.example",
  serverKeys: [new Uint8Array(32).fill(1)],
  reportIntervalMs: 1000,
};
const most: factory.Factory = {
  ...least,
  link: "esp-at",
  serverKeys: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
  ssid: "net",
  networkSecret: "secret",
  claim: new Uint8Array(16).fill(3),
  seed: new Uint8Array(48).fill(4),
  tlsKeys: [new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)],
  tlsRoots: [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)],
  apn: "internet.example",
  apnUser: "user",
  apnPassword: "pass word",
  pin: "4711",
  mqttPrefix: "plant/7",
  mqttUser: "device-7",
  mqttPassword: "pass word",
  commands: ["+CPSMS=1", '+QCFG="iotopmode",0'],
  certificate: new Uint8Array(1536).fill(9),
  baud: 921_600,
  flow: 3,
};

void test("a factory page reads back as it was written", () => {
  for (const page of [least, most]) {
    const read = factory.read(factory.write(page));
    assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(page)));
  }
  const page = factory.write(least);
  assert.equal(hex(page.subarray(0, 9)), `53474e54${(page.length - 12).toString(16).padStart(2, "0")}000000a6`);
});

void test("refuse a page that is erased, altered or cut, and fields out of bounds", () => {
  const page = factory.write(most);
  assert.throws(() => factory.read(new Uint8Array(1024).fill(0xff)));
  for (let at = 0; at < page.length; at++) {
    const altered = page.slice();
    altered[at]! ^= 0x10;
    assert.throws(() => factory.read(altered), `byte ${at}`);
    assert.throws(() => factory.read(page.subarray(0, at)), `cut at ${at}`);
  }
  for (const wrong of [
    { port: 0 },
    { apn: 'in"ternet' },
    { apnUser: "" },
    { apnPassword: "x".repeat(65) },
    { pin: "12a4" },
    { baud: 299 },
    { baud: 5_000_001 },
    { baud: undefined },
    { flow: 4 },
    { commands: [] },
    { certificate: new Uint8Array(0) },
    { certificate: new Uint8Array(1537) },
    { commands: ["+A\r+B"] },
    { commands: ["+A\n+B"] },
    { commands: ["x".repeat(64), "x".repeat(64)] },
    { mqttPrefix: "plant/+" },
    { mqttPrefix: "$SYS" },
    { mqttUser: "a/b" },
    { mqttUser: undefined },
    { mqttPassword: "x".repeat(65) },
    { port: 65536 },
    { host: "" },
    { audience: "x".repeat(65) },
    { serverKeys: [] },
    { claim: new Uint8Array(15) },
    { seed: new Uint8Array(32) },
    { tlsKeys: [] },
    { tlsRoots: [new Uint8Array(31)] },
  ]) {
    assert.throws(() => factory.write({ ...most, ...wrong }), RangeError);
  }
});
