import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import fc from "fast-check";
import { inspectInput } from "../../tools/flash/inspect.ts";
import { ROOT } from "../../tools/check/tree.ts";
import { Flash } from "../../tools/guest/flash.ts";
import { RECORDS as KINDS } from "../../tools/facts/device.ts";
import { Trouble } from "../../tools/trouble.ts";
import { concat, hex } from "../../tools/wire/bytes.ts";
import { encode, type Value } from "../../tools/wire/cbor.ts";
import { checksum } from "../../tools/wire/crc32c.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as factory from "../../tools/wire/factory.ts";
import * as store from "../../tools/wire/store.ts";
import { blocks, deviceKey, serverKey } from "../wire/example.ts";

const RUNS = Number(process.env["SIGNET_FUZZ_INSPECT"] ?? 4000);
const SEED = 0x696e7370;

/** Return the description, a line a field. */
function told(input: Uint8Array | string, key?: Uint8Array): string {
  return inspectInput(typeof input === "string" ? Buffer.from(input) : input, key)
    .map((lines) => lines.map(([name, value]) => `${name}: ${value}`).join("\n"))
    .join("\n\n");
}

const page = factory.write({
  link: "esp-at",
  host: "signet.example",
  port: 443,
  audience: "signet.example",
  serverKeys: [serverKey.publicKey],
  ssid: "net",
  networkSecret: "hunter2-hunter2",
  claim: Buffer.from("claimclaimclaimc"),
  seed: new Uint8Array(48).fill(0x5e),
  reportIntervalMs: 60_000,
});

function word(value: number): Uint8Array {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
}

/** A record as the format draws it. */
function record(kind: number, data: Uint8Array): Uint8Array {
  const head = Uint8Array.of(kind, 0xff, data.length & 0xff, data.length >> 8);
  const padding = new Uint8Array((8 - (data.length % 8)) % 8).fill(0xff);
  return concat(head, word(checksum(data, checksum(head))), data, padding);
}

/** A page of version 2. */
function old(number: number, ...records: Uint8Array[]): Uint8Array {
  const head = concat(word(0x53474c32), word(number));
  return concat(head, word(checksum(head)), word(-1), ...records);
}

/** Both pages of a pair that holds a key. */
function pair(number: number, ...records: Uint8Array[]): Uint8Array[] {
  return [0, 4].map((role) => {
    const head = concat(word(0x53474c33), word(number), Uint8Array.of(3, 1 | role, 1, 0));
    const marks = new Uint8Array(16).fill(0xff).fill(role ? 0xff : 0, 0, 8);
    return concat(head, word(checksum(head)), marks, ...records);
  });
}

const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
const RECORDS = [
  record(0, secret),
  record(3, word(2)),
  record(3, word(3)),
  record(4, word(9)),
  record(4, new Uint8Array(0)),
  record(42, Uint8Array.of(1, 2, 3)),
];

/** A store of 1 KiB pages: a factory page, a page of the version before, the pair in use. */
function dump(records: readonly Uint8Array[] = RECORDS): Uint8Array {
  const flash = new Flash({ pageBytes: 1024, pages: 5 });
  flash.provision(page);
  flash.bytes.set(old(6, record(0, secret), record(3, word(1))), 1024);
  for (const [i, bytes] of pair(7, ...records).entries()) flash.bytes.set(bytes, 2048 + i * 1024);
  return flash.bytes;
}

describe("signet inspect", () => {
  for (const kind of ["enrol", "enrolled", "first report", "second report", "receipt", "downlink", "refusal"]) {
    it(`describes: ${kind}`, () => {
      const bytes = blocks[kind]!;
      const name = kind.replace(/^.* /, "");
      assert.match(told(bytes), new RegExp(`^what: ${name}, signed: ${bytes.length} bytes\n`));
      assert.equal(told(hex(bytes)), told(bytes));
      assert.equal(told(`${hex(bytes).replace(/(.{64})/g, "$1\n")}\n`), told(bytes));
      const own = ["enrolled", "receipt", "downlink", "refusal"].includes(name) ? serverKey : deviceKey;
      const other = own === serverKey ? deviceKey : serverKey;
      assert.match(told(bytes, own.publicKey), /signature: valid, by the given key/);
      assert.match(told(bytes, other.publicKey), /signature: WRONG: this is not the signer's key/);
      const forged = Uint8Array.from(bytes);
      forged[forged.length - 1]! ^= 1;
      assert.match(told(forged, own.publicKey), /signature: WRONG: the signature does not verify with this key/);
    });
  }

  it("checks an enrolment by the key it carries", () => {
    assert.match(told(blocks["enrol"]!), /signature: valid, by the key in the message/);
    assert.match(told(blocks["receipt"]!), /signature: not checked: give --key/);
  });

  it("describes the fields", () => {
    assert.match(told(blocks["first report"]!), /counter: 1\n.*data: 32312e352043 "21\.5 C"/s);
    assert.match(
      told(blocks["refusal"]!),
      /issuedAt: 1767225600 \(2026-01-01T00:00:00\.000Z\)\n.*reason: 12 \(stale-session\)/s,
    );
    assert.match(
      told(blocks["second report"]!),
      /outage: 38928387 \(the link failed at joining the wireless network: /,
    );
    assert.match(told(blocks["unsigned refusal"]!), /^what: refusal, not signed\nreason: 8 \(stale-nonce\)$/);
  });

  it("reads a sequence, rows of an export, and lines of a console", () => {
    const both = concat(blocks["first report"]!, blocks["second report"]!);
    assert.equal(told(both).match(/^what: report/gm)?.length, 2);
    const rows = [blocks["first report"]!, blocks["second report"]!].map((message) =>
      JSON.stringify({ message: hex(message) }),
    );
    assert.equal(told(`${rows.join("\n")}\n`), told(both));
    assert.match(
      told("@ booted 00000003\n@ epitaph 6469652032\n"),
      /console: booted\nit says: start number 3\n\nwhat: console: epitaph\nit says: "die 2": the source of noise is stuck/,
    );
    assert.match(told("die 4"), /^what: epitaph\nit says: "die 4": the flash does not hold/);
  });

  it("describes a factory page and a claim, and shows no secret", () => {
    const text = told(page);
    assert.match(text, /module: esp-at\nserver: signet\.example:443, audience signet\.example/);
    assert.match(text, /claim: 16 bytes, not shown; its hash is [0-9a-f]{64}/);
    for (const hidden of ["hunter2", hex(Buffer.from("claimclaimclaimc")), "5e5e5e5e"])
      assert.ok(!text.includes(hidden), hidden);
    assert.match(told("00112233445566778899aabbccddeeff"), /16 bytes without a format: maybe a claim/);
  });

  it("describes a store, and shows no secret", () => {
    const text = told(dump());
    assert.match(text, /^what: factory page$/m);
    assert.match(
      text,
      /pages of 1024 bytes\nin use: page 2 and 3, version 3, number 7\nolder: page 1 \(6\)\nidentity: whole\ndamaged: nothing\nrecords: 6/,
    );
    assert.match(
      text,
      new RegExp(`key: secret, not shown; public key ${hex(deviceKey.publicKey)}, id ${hex(blocks["device id"]!)}`),
    );
    assert.match(text, /boots: 3\n/);
    assert.match(text, /kind 42: 3 bytes, not shown/);
    assert.ok(!/faults/.test(text));
    assert.ok(!text.includes(hex(secret)));
  });

  it("describes the last handover and the last command, and shows no secret of either", () => {
    const next = new Uint8Array(32).fill(0x9d);
    const successor = record(9, concat(next, blocks["handover"]!));
    const former = new Uint8Array(32).fill(0x9d, 1);
    const command = record(5, concat(word(7), blocks["enrol hash"]!.subarray(0, 8)));
    const text = told(dump([record(0, next), successor, record(12, concat(former, new Uint8Array(8))), command]));
    assert.match(text, new RegExp(`former: secret, not shown; public key ${hex(ed25519.fromSeed(former).publicKey)}`));
    const { publicKey } = ed25519.fromSeed(next);
    assert.match(
      text,
      new RegExp(`successor: secret, not shown; public key ${hex(publicKey)}.*handover of \\d+ bytes`),
    );
    assert.match(text, new RegExp(`command: 7, its hash begins with ${hex(blocks["enrol hash"]!.subarray(0, 8))}`));
    assert.ok(!text.includes("9d9d9d9d"));
    assert.match(told(dump([record(0, next), record(5, word(7))])), /command: 7$/m);
  });

  it("shows nothing of a record whose meaning is a secret, whatever its length", () => {
    const secrets = Object.values(KINDS).filter(([, meaning]) => /secret|random/.test(meaning));
    assert.equal(secrets.length, 5);
    for (const [kind] of [...secrets, [42], [200]] as [number][]) {
      for (const length of [4, 31, 32, 33, 64]) {
        const text = told(dump([record(0, secret), record(kind, new Uint8Array(length).fill(0x9d))]));
        assert.ok(!text.includes("9d9d9d9d") && !text.includes(String(0x9d9d9d9d)), `kind ${kind}: ${text}`);
      }
    }
  });

  it("describes damaged places, and reads each record from its intact page", () => {
    const first = 2048 + 32;
    const torn = dump();
    for (const at of [first + 4, first + 40 + 4, first + 1024 + 900]) torn[at]! ^= 1;
    const { live, damaged, state } = store.read(torn, 1024);
    assert.deepEqual([damaged, state], [3, "in use"]);
    assert.deepEqual([...live.keys()], ["key", "boots", "kind 42"]);
    const single = dump().fill(0xff, 3072, 4096);
    assert.deepEqual(store.read(single, 1024).damaged, 1);
    assert.match(told(torn), /^damaged: 3 places$/m);
  });

  it("distinguishes a lost key from no key", () => {
    const lost = dump();
    for (const at of [2048 + 32 + 9, 3072 + 32 + 9]) lost[at]! ^= 1;
    assert.match(told(lost), /^identity: LOST/m);
    const replaced = dump()
      .fill(0, 2048 + 24, 2048 + 32)
      .fill(0, 3072 + 24, 3072 + 32);
    assert.match(told(replaced), /^identity: LOST/m);
    const later = dump();
    const head = concat(word(0x53474c33), word(9), Uint8Array.of(4, 1, 1, 0));
    later.set(concat(head, word(checksum(head))), 4096);
    assert.match(told(later), /^identity: unknown: a later version wrote it$/m);
    const blank = new Uint8Array(3072).fill(0xff);
    assert.equal(store.read(blank, 1024).state, "empty");
    assert.equal(store.read(blank.fill(0x5a, 1024), 1024).state, "identity lost");
  });

  it("reads the previous version", () => {
    const before = dump().fill(0xff, 2048);
    const { live, pair: inUse, damaged, state } = store.read(before, 1024);
    assert.deepEqual([inUse.length, inUse[0]!.version, damaged, state], [1, 2, 0, "in use"]);
    assert.deepEqual([...live.keys()], ["key", "boots"]);
  });

  it("gives an answer or a reason for any input", () => {
    const sources = [
      ...Object.values(blocks),
      page,
      dump(),
      Buffer.from("@ booted 00000003\n"),
      Buffer.from('{"message":"d2"}'),
    ];
    const change = fc.record({
      source: fc.nat(sources.length - 1),
      at: fc.nat(5200),
      byte: fc.nat(255),
      cut: fc.nat(5200),
      more: fc.uint8Array({ maxLength: 20 }),
    });
    const judge = (bytes: Uint8Array): void => {
      try {
        const text = told(bytes);
        assert.ok(text.length < 1000 * bytes.length + 20_000);
        // Only what this program writes commands a terminal.
        assert.ok(
          [...text].every((char) => char === "\n" || (char >= " " && char < "\x7f") || char >= "\xa0"),
          text,
        );
      } catch (error) {
        assert.ok(error instanceof Trouble, `${hex(bytes.subarray(0, 200))}: ${String((error as Error).stack)}`);
      }
    };
    fc.assert(
      fc.property(change, ({ source, at, byte, cut, more }) => {
        const bytes = Uint8Array.from(sources[source]!);
        bytes[at % bytes.length] = byte;
        judge(concat(bytes.subarray(0, cut % 3 === 0 ? cut : bytes.length), cut % 5 === 0 ? more : new Uint8Array(0)));
      }),
      { numRuns: RUNS, seed: SEED },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), judge), { numRuns: RUNS, seed: SEED });
  });

  it("refuses a factory page whose values are of other types", () => {
    const value: fc.Arbitrary<Value> = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.uint8Array(),
      fc.constant(null),
      fc.constant([]),
      fc.constant(true),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 12 }), value), { selector: ([key]) => key }),
        (pairs) => {
          const body = encode(new Map(pairs));
          const bytes = concat(Buffer.from("SGNT"), word(body.length), body, word(checksum(body)));
          assert.throws(() => inspectInput(bytes), Trouble);
        },
      ),
      { numRuns: 500, seed: SEED },
    );
  });

  it("is a verb that reads a file, hexadecimal, and standard input", () => {
    const run = (what: string, input?: Uint8Array): { status: number | null; stdout: string; stderr: string } =>
      spawnSync(process.execPath, ["--import", "./tools/load.mjs", "tools/signet.ts", "inspect", what], {
        cwd: ROOT,
        encoding: "utf8",
        input,
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
      });
    assert.match(run(hex(blocks["receipt"]!)).stdout, /^what +receipt, signed/);
    assert.match(run("-", page).stdout, /^what +factory page/);
    const { status, stderr } = run("package.json");
    assert.equal(status, 1);
    assert.match(stderr, /^error: .*\nhint: .*\n$/);
  });
});
