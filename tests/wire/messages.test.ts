// weight: 14 s, 0.3 cores
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ed25519 as noble } from "@noble/curves/ed25519.js";
import { decode as cbor2Decode } from "cbor2";
import { concat, hex } from "../../tools/wire/bytes.ts";
import { decode, encode, type Key, type Value } from "../../tools/wire/cbor.ts";
import { Device } from "../../tools/wire/device.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { hash, id } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { MAX_BYTES, Malformed, open, openSequence, seal, toBeSigned, verify } from "../../tools/wire/sign1.ts";
import { blocks, deviceKey, serverKey, successorKey } from "./example.ts";

const README = new URL("../../assembly/identity/README.md", import.meta.url);

/** Read the blocks of the worked example: a line `NAME:`, then a fence with hexadecimal. */
function printed(): Map<string, string> {
  const section = readFileSync(README, "utf-8").split("## Worked example")[1]!;
  const found = section.matchAll(/^([a-z][a-z ]*):\n\n```hex\n([0-9a-f\s]+)```$/gm);
  return new Map([...found].map(([, name, text]) => [name!, text!.replace(/\s/g, "")]));
}

void test("the worked example of the protocol's page consists of these messages", () => {
  const found = printed();
  assert.deepEqual([...found.keys()], Object.keys(blocks));
  for (const [name, bytes] of Object.entries(blocks)) assert.equal(found.get(name), hex(bytes), name);
});

void test("a COSE library's view and @noble's verdict on the worked example", () => {
  const names = ["enrol", "enrolled", "first report", "receipt", "downlink", "second report", "refusal"];
  names.push("enrol after the refusal", "order to rotate", "handover", "enrol of the successor");
  for (const name of names) {
    const bytes = blocks[name]!;
    const tagged = cbor2Decode(bytes) as { tag: number; contents: unknown[] };
    assert.equal(tagged.tag, 18);
    const [header, unprotected, payload, signature] = tagged.contents as [Uint8Array, unknown, Uint8Array, Uint8Array];
    assert.equal(Object.keys(unprotected as object).length, 0);
    const isDevices = name.startsWith("enrol ") || name === "enrol" || name === "handover" || name.endsWith("report");
    const key = name.endsWith("successor") ? successorKey : isDevices ? deviceKey : serverKey;
    const signed = encode(["Signature1", header, new Uint8Array(0), payload]);
    assert.deepEqual(toBeSigned(header, payload), signed);
    assert.ok(noble.verify(signature, signed, key.publicKey, { zip215: false }), name);
    assert.equal(hex(open(bytes).kid), hex(id(key.publicKey)));
  }
});

void test("read back the built messages, of every kind", () => {
  const answer = { issuer: "a", issuedAt: 4_102_444_800, device: id(deviceKey.publicKey) };
  const about = hash(Uint8Array.of(1));
  const full = {
    audience: "x".repeat(64),
    cti: new Uint8Array(16),
    nonce: new Uint8Array(64),
    model: new Uint8Array(32),
    bootCount: 0xffff_ffff,
    software: "s".repeat(32),
    version: "v".repeat(32),
    claim: new Uint8Array(32),
    head: { counter: 0xffff_ffff, hash: about },
    epitaph: new Uint8Array(64),
    ack: { counter: 0xffff_ffff, hash: new Uint8Array(8) },
    session: new Uint8Array(16),
    handover: new Uint8Array(messages.HANDOVER_MAX),
  };
  assert.deepEqual(messages.readEnrol(open(messages.sealEnrol(deviceKey, full))), {
    ...full,
    key: deviceKey.publicKey,
  });
  const report = {
    audience: "a",
    counter: 0xffff_ffff,
    prev: about,
    data: new Uint8Array(512),
    epitaph: new Uint8Array(64),
    ack: { counter: 0, hash: new Uint8Array(8) },
    session: new Uint8Array(8),
    damaged: 0xffff_ffff,
    last: true as const,
    outage: 0xffff_ffff,
  };
  assert.deepEqual(messages.readReport(open(messages.sealReport(deviceKey, report))), report);
  const enrolled = {
    ...answer,
    about,
    head: { counter: 7, hash: about },
    ack: 0xffff_ffff,
    session: new Uint8Array(12),
  };
  assert.deepEqual(messages.readEnrolled(open(messages.sealEnrolled(serverKey, enrolled))), enrolled);
  const receipt = { ...answer, about, counter: 7 };
  assert.deepEqual(messages.readReceipt(open(messages.sealReceipt(serverKey, receipt))), receipt);
  const refusal = { ...answer, about, reason: 5 };
  assert.deepEqual(messages.readRefusal(open(messages.sealRefusal(serverKey, refusal))), refusal);
  const downlink = { ...answer, expires: 4_102_444_801, counter: 3, data: new Uint8Array(512), order: 1 };
  assert.deepEqual(messages.readDownlink(open(messages.sealDownlink(serverKey, downlink))), downlink);
  const { audience } = full;
  const token = new Uint8Array(16);
  const handover = { audience, successor: about, token, head: { counter: 7, hash: about }, order: 0xffff_ffff };
  const longest = messages.sealHandover(deviceKey, { ...handover, head: { counter: 0xffff_ffff, hash: about } });
  assert.equal(longest.length, messages.HANDOVER_MAX);
  assert.deepEqual(messages.readHandover(open(messages.sealHandover(deviceKey, handover))), handover);
  assert.equal(messages.readUnsignedRefusal(messages.unsignedRefusal(8)), 8);
});

/** Seal claims as they are given. */
function sealed(kind: "enrol" | "report", map: Map<Key, Value>): Uint8Array {
  return seal(kind, id(deviceKey.publicKey), deviceKey, encode(map));
}

void test("refuse claims that are missing, of another type, out of bounds or too many", () => {
  const good = new Map(decode(open(blocks["second report"]!).payload) as ReadonlyMap<Key, Value>);
  const goodEnrol = new Map(decode(open(blocks["enrol after the refusal"]!).payload) as ReadonlyMap<Key, Value>);
  const { Label } = messages;
  assert.doesNotThrow(() => messages.readReport(open(sealed("report", good))));
  const wrong: Value[] = [
    null,
    true,
    -1,
    2 ** 40,
    "",
    "x".repeat(65),
    new Uint8Array(0),
    new Uint8Array(600),
    [],
    new Map(),
  ];
  let refused = 0;
  for (const [source, kind, read] of [
    [good, "report", messages.readReport],
    [goodEnrol, "enrol", messages.readEnrol],
  ] as const) {
    for (const label of source.keys()) {
      for (const value of wrong) {
        if (label === Label.data && value instanceof Uint8Array && value.length === 0) continue;
        const message = open(sealed(kind, new Map(source).set(label, value)));
        assert.throws(() => read(message), Malformed, `${kind} ${label} ${String(value)}`);
        refused++;
      }
      const without = new Map(source);
      without.delete(label);
      if (
        ![Label.epitaph, Label.ack, Label.damaged, Label.outage, Label.head].includes(label as never) &&
        !(kind === "enrol" && label === Label.session)
      )
        assert.throws(() => read(open(sealed(kind, without))), Malformed);
    }
    for (const extra of [2, "x", -70010, Label.reason]) {
      assert.throws(() => read(open(sealed(kind, new Map(source).set(extra, 0)))), Malformed);
    }
  }
  for (const value of [false, null, 1])
    assert.throws(() => messages.readReport(open(sealed("report", new Map(good).set(Label.last, value)))), Malformed);
  assert.ok(refused > 100);
  assert.throws(() => messages.readReport(open(blocks["enrol"]!)), Malformed);
  assert.throws(() => messages.readEnrol(open(blocks["first report"]!)), Malformed);
});

/** Put the parts of a message together, whatever they are. */
function rebuilt(...parts: Value[]): Uint8Array {
  return concat(Uint8Array.of(0xd2), encode(parts));
}

void test("refuse envelopes that are not exactly Signet's", () => {
  const bytes = blocks["first report"]!;
  const parts = decode(bytes.subarray(1)) as Value[];
  const header = new Map(decode(parts[0] as Uint8Array) as ReadonlyMap<Key, Value>);
  const withHeader = (label: Key, value: Value): Uint8Array =>
    rebuilt(encode(new Map(header).set(label, value)), parts[1]!, parts[2]!, parts[3]!);
  assert.deepEqual(open(rebuilt(...parts)).bytes, bytes);
  const refused: Uint8Array[] = [
    bytes.subarray(1),
    concat(Uint8Array.of(0xd1), bytes.subarray(1)),
    concat(bytes, Uint8Array.of(0)),
    concat(bytes, bytes),
    bytes.subarray(0, -1),
    rebuilt(parts[0]!, new Map([[1, 2]]), parts[2]!, parts[3]!),
    rebuilt(parts[0]!, parts[1]!, null, parts[3]!),
    rebuilt(parts[0]!, parts[1]!, parts[2]!, new Uint8Array(63)),
    rebuilt(parts[0]!, parts[1]!, parts[2]!),
    rebuilt(...parts, 0),
    rebuilt(new Uint8Array(0), parts[1]!, parts[2]!, parts[3]!),
    withHeader(1, -8),
    withHeader(1, -7),
    withHeader(4, new Uint8Array(31)),
    withHeader(4, "kid"),
    withHeader(16, "application/vnd.signet.other+cose"),
    withHeader(16, 0),
    withHeader(3, 0),
    withHeader(2, [1]),
  ];
  for (const other of refused) assert.throws(() => open(other), Malformed, hex(other));
  const long = rebuilt(parts[0]!, parts[1]!, new Uint8Array(MAX_BYTES), parts[3]!);
  assert.throws(() => open(long), Malformed);
});

void test("messages in a Buffer open, verify and stay unchanged", () => {
  const key = ed25519.importKey(deviceKey.publicKey)!;
  const buffer = Buffer.from(blocks["second report"]!);
  const message = open(buffer);
  assert.ok(verify(message, key) && verify(message, key));
  assert.deepEqual(new Uint8Array(buffer), blocks["second report"]);
  const copy = message.kid.slice();
  buffer.fill(0);
  assert.deepEqual(copy, id(deviceKey.publicKey));
});

void test("a sequence is one to as many messages as allowed, and nothing else", () => {
  const [a, b] = [blocks["first report"]!, blocks["second report"]!];
  assert.deepEqual(
    openSequence(concat(a, b), 2).map((message) => hex(message.bytes)),
    [hex(a), hex(b)],
  );
  assert.throws(() => openSequence(new Uint8Array(0), 2), Malformed);
  assert.throws(() => openSequence(concat(a, b, a), 2), Malformed);
  assert.throws(() => openSequence(concat(a, b.subarray(0, 40)), 2), Malformed);
});

void test("the signature covers the kind: no message verifies as one of another kind", () => {
  const key = ed25519.importKey(serverKey.publicKey)!;
  const kinds = ["receipt", "refusal", "enrolled", "downlink"] as const;
  const payload = open(blocks["receipt"]!).payload;
  const kid = id(serverKey.publicKey);
  for (const kind of kinds) {
    const other = open(seal(kind, kid, serverKey, payload));
    const forged = { ...other, signature: open(blocks["receipt"]!).signature };
    assert.equal(verify(forged, key), kind === "receipt", kind);
  }
});

void test("the twin accepts an answer only from its server, about itself and about its request", () => {
  const serverIs = { audience: "signet.example", serverKey: serverKey.publicKey };
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i);
  const device = new Device({ ...serverIs, seed });
  const type = "application/cbor-seq";
  device.session = messages.readEnrolled(open(blocks["enrolled"]!)).session;
  const sent = device.report(new TextEncoder().encode("21.5 C"));
  assert.deepEqual(sent, blocks["first report"]);
  const other = new Device(serverIs);
  const foreign = new Device({ ...serverIs, serverKey: deviceKey.publicKey, seed });
  assert.equal(other.received({ type, body: blocks["receipt"]! }, sent).kind, "ignored");
  assert.equal(foreign.received({ type, body: blocks["receipt"]! }, sent).kind, "ignored");
  assert.equal(device.received({ type, body: blocks["receipt"]! }, blocks["second report"]!).kind, "ignored");
  assert.equal(device.received({ type, body: blocks["enrolled"]! }, sent).kind, "ignored");
  const flipped = blocks["receipt"]!.slice();
  flipped[flipped.length - 1]! ^= 1;
  assert.equal(device.received({ type, body: flipped }, sent).kind, "ignored");
  assert.equal(device.head.counter, 0);
  const answer = { type, body: concat(blocks["receipt"]!, blocks["downlink"]!) };
  const verdict = device.received(answer, sent);
  assert.ok(verdict.kind === "accepted" && verdict.downlinks.length === 1);
  assert.deepEqual(device.head, { counter: 1, hash: hash(sent) });
  assert.deepEqual(device.acknowledged, { counter: 1, hash: hash(blocks["downlink"]!).subarray(0, 8) });
  const again = device.received(answer, sent);
  assert.ok(again.kind === "accepted" && again.downlinks.length === 0, "a downlink is acted upon once");
});

void test("the decoders survive mutated messages: refused by name, or a message of the same bytes", () => {
  const rounds = Number(process.env["SIGNET_FUZZ_DECODERS"] ?? 100_000);
  const originals = Object.values(blocks).filter((bytes) => bytes.length > 64);
  let state = 0x5167_6e65;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const signers = [deviceKey, serverKey, successorKey].map(({ publicKey }) => publicKey);
  const keys = new Map(signers.map((publicKey) => [hex(id(publicKey)), ed25519.importKey(publicKey)!]));
  let opened = 0;
  for (let round = 0; round < rounds; round++) {
    const original = originals[random(originals.length)]!;
    const mutated = mutate(original, random, originals[random(originals.length)]!);
    try {
      const [message] = openSequence(mutated, 4);
      opened++;
      const key = keys.get(hex(message!.kid));
      const valid = key !== undefined && verify(message!, key);
      assert.equal(
        valid,
        originals.some((bytes) => hex(bytes) === hex(message!.bytes)),
        hex(mutated),
      );
      if (message!.kind === "handover") messages.readHandover(message!);
      else if (message!.kind === "report") messages.readReport(message!);
      else if (message!.kind === "enrol") messages.readEnrol(message!);
      else if (message!.kind === "receipt") messages.readReceipt(message!);
      else if (message!.kind === "enrolled") messages.readEnrolled(message!);
      else if (message!.kind === "refusal") messages.readRefusal(message!);
      else messages.readDownlink(message!);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
  }
  assert.ok(opened > rounds / 50, `${opened} of ${rounds} still had the form of a message`);
});

function mutate(original: Uint8Array, random: (below: number) => number, other: Uint8Array): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(bytes.length || 1);
    switch (random(6)) {
      case 0:
        if (bytes.length > 0) bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        if (bytes.length > 0) bytes[at] = random(256);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = concat(bytes.subarray(0, at), bytes.subarray(at + 1 + random(4)));
        break;
      case 4:
        bytes = concat(bytes.subarray(0, at), Uint8Array.of(random(256)), bytes.subarray(at));
        break;
      default:
        bytes = concat(bytes.subarray(0, at), other.subarray(random(other.length)));
    }
  }
  return bytes;
}
