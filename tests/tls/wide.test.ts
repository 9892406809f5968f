// weight: 8 s, 1 core
/**
 * Records longer than the buffer, with the choices `public` and `cloud`: they are opened in pieces, and nothing of one comes out before its tag was compared.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { State, type Settings } from "../../tools/tls/client.ts";
import { fixedBytes, TlsClient } from "./client.ts";
import { dice } from "./dice.ts";
import {
  caExtensions,
  certify,
  identity,
  leafExtensions,
  p256Identity,
  p384Identity,
  type Identity,
} from "./identities.ts";
import { Content, Script, extensions, message, type Extension } from "./script.ts";
import { Alert, flipped } from "./sins.ts";
import { AES_128_GCM_SHA256, CHACHA20_POLY1305_SHA256, type Suite } from "./suite.ts";

const CLOUD = "TLS_PUBLIC=1,TLS_AES128=1,TLS_SECP256R1=1";
const SUITES = [CHACHA20_POLY1305_SHA256, AES_128_GCM_SHA256];
/** Least fragment that is opened in pieces, and the longest of all. */
const LEAST = 1024 + 17 + 1;
const MOST = 2 ** 14 + 17;
const ECDSA_SHA256 = 0x0403;

let server: Identity;
let authority: Identity;
let root: Identity;
let settings: Settings;
/** A leaf, the authority above it, and the root's own certificate, which no client reads. */
let chain: Buffer[];
/** The same for another host: the leaf is genuine, and not this server's. */
let strange: Buffer[];

async function chainFor(host: string): Promise<Buffer[]> {
  const above = { name: "CN=Middle", issuer: root, issuerName: "CN=Root", extensions: caExtensions(0) };
  const wishes = [
    {
      subject: server,
      issuer: authority,
      issuerName: "CN=Middle",
      hash: "SHA-384" as const,
      extensions: leafExtensions(host),
    },
    { subject: authority, ...above },
    { subject: root, name: "CN=Root", extensions: caExtensions() },
  ];
  return Promise.all(wishes.map(async (wish) => Buffer.from((await certify(wish)).rawData)));
}

before(async () => {
  [server, authority, root] = [await p256Identity(), await p384Identity(), await p256Identity()];
  const random = fixedBytes("wide", 128);
  settings = { host: "localhost", roots: [root.key], seed: (await identity("device")).seed, random };
  chain = await chainFor("localhost");
  strange = await chainFor("example.com");
});

/** A server that has sent its ServerHello. */
function begin(suite: Suite = CHACHA20_POLY1305_SHA256, anchors: Partial<Settings> = {}): Script {
  const script = new Script(server, { ...settings, ...anchors }, new TlsClient(CLOUD), suite);
  script.helloDone();
  return script;
}

/** EncryptedExtensions of at least `len` bytes: the client does not read supported_groups. */
function longExtensions(len: number, more: Extension[] = []): Buffer {
  return message(8, extensions([[10, Buffer.alloc(Math.max(0, len - 10), 7)], ...more]));
}

/** A message of the flight; each is made when the ones before it are in the transcript. */
type Part = (script: Script) => Buffer;
const encrypted: Part = (script) => script.encryptedExtensions();
const request: Part = (script) => script.certificateRequest();
const certificate: Part = (script) => script.certificate(chain);
const verify: Part = (script) => script.certificateVerify(ECDSA_SHA256);
const finished: Part = (script) => script.finished();

/** Make these messages, which join the transcript. */
function made(script: Script, parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      const one = part(script);
      script.transcript = Buffer.concat([script.transcript, one]);
      return one;
    }),
  );
}

/** Send these messages in one record. */
function send(script: Script, parts: readonly Part[], chunk?: number): void {
  const record = script.record(Content.Handshake, made(script, parts));
  if (parts.includes(finished)) script.applicationKeys();
  script.raw(record, chunk);
}

/** Say something each way. */
function talk(script: Script): void {
  assert.ok(script.connected, `alerts ${script.alerts}, state ${script.client.state}`);
  script.client.write(Buffer.from("up"));
  script.listen();
  assert.equal(script.data.toString(), "up");
  script.raw(script.record(Content.ApplicationData, Buffer.from("down")));
  assert.equal(script.read.toString(), "down");
}

/** The flight in records, as servers divide it. */
const FLIGHTS: Readonly<Record<string, Part[][]>> = {
  "each message in a record, as Go": [[encrypted], [request], [certificate], [verify], [finished]],
  "all in one, as BoringSSL and rustls": [[encrypted, request, certificate, verify, finished]],
  "all in one, without a request": [[encrypted, certificate, verify, finished]],
  "Finished apart": [[encrypted, certificate, verify], [finished]],
  "the Certificate with what follows it": [[encrypted], [certificate, verify, finished]],
};

for (const suite of SUITES)
  describe(`suite ${suite.number.toString(16)}`, () => {
    for (const [name, flight] of Object.entries(FLIGHTS))
      for (const chunk of [1, 61, 1024, 4096])
        test(`${name}, ${chunk} bytes at a time`, () => {
          const script = begin(suite);
          for (const parts of flight) send(script, parts, chunk);
          talk(script);
        });

    test("every length about the edges of pieces, and the longest", () => {
      const lengths = [1, 2, 3].flatMap((pieces) => Array.from({ length: 22 }, (_, i) => pieces * 1024 + i));
      for (const len of [...lengths, MOST]) {
        if (len < LEAST) continue;
        const script = begin(suite);
        send(script, [encrypted]);
        // Certificates behind the root are not read: they give the record this length.
        const bare = script.certificate([...chain, Buffer.alloc(1)]).length - 1;
        const filler = Buffer.alloc(Math.max(1, len - 17 - bare), 3);
        const parts = len - 17 > bare ? [() => script.certificate([...chain, filler])] : [() => longExtensions(len)];
        send(script, len - 17 > bare ? parts : [certificate]);
        send(script, [verify]);
        send(script, [finished]);
        talk(script);
      }
    });
  });

test("a Certificate that is split over two such records", () => {
  const script = begin();
  const content = made(script, [encrypted, () => script.certificate([...chain, Buffer.alloc(4000, 1)])]);
  for (const part of [content.subarray(0, 1500), content.subarray(1500)]) script.raw(script.record(22, part));
  send(script, [verify, finished]);
  talk(script);
});

/** All linear memory of a client but for the buffer through which the test gives it bytes. */
function memory({ guest }: TlsClient): Buffer {
  const all = Buffer.from(guest.memory.buffer.slice(0));
  all.fill(0, guest.buffer(), guest.buffer() + guest.capacity());
  return all;
}

test("a wrong tag: bad_record_mac alone, and nothing of what was read stays in memory", async () => {
  let twin: Buffer[];
  // Other signatures, of the same lengths.
  do twin = await chainFor("localhost");
  while (twin.some(({ length }, i) => length !== chain[i]!.length));
  for (const suite of SUITES) {
    const left = [chain, twin].map((certificates) => {
      const script = begin(suite);
      const record = script.record(22, made(script, [encrypted, request, () => script.certificate(certificates)]));
      script.raw(flipped(record, record.length - 1));
      assert.deepEqual(script.alerts, [Alert.BadRecordMac]);
      assert.equal(script.client.state, State.Failed);
      return memory(script.client);
    });
    const differing = [...left[0]!.keys()].filter((i) => left[0]![i] !== left[1]![i]);
    assert.equal(differing.join(" "), "");
  }
});

test("a bit flipped anywhere in such a record", () => {
  for (const suite of SUITES) {
    const roll = dice(8446);
    for (let i = 0; i < 60; i++) {
      const script = begin(suite);
      const record = script.record(22, made(script, [encrypted, request, certificate, verify, finished]));
      script.applicationKeys();
      const at = 5 + roll(record.length - 5);
      script.raw(flipped(record, at));
      assert.deepEqual(script.alerts, [Alert.BadRecordMac], `bit of byte ${at}`);
      assert.equal(script.client.state, State.Failed);
      assert.equal(script.client.visited.has(State.WaitFinished), false);
    }
  }
});

/** Faults of a server in the record, and the alert for each. */
const FAULTS: readonly [what: string, alert: number, parts: Part[]][] = [
  ["an extension twice", Alert.IllegalParameter, [() => longExtensions(0, [[10, ""]]), certificate]],
  [
    "max_fragment_length accepted, and exceeded",
    Alert.RecordOverflow,
    [() => longExtensions(0, [[1, "02"]]), certificate],
  ],
  [
    "record_size_limit accepted, and exceeded",
    Alert.RecordOverflow,
    [() => longExtensions(0, [[28, "0401"]]), certificate],
  ],
  ["two requests", Alert.UnexpectedMessage, [encrypted, request, request, certificate]],
  ["no Certificate", Alert.UnexpectedMessage, [() => longExtensions(1200), verify]],
  ["another host", Alert.CertificateUnknown, [encrypted, (script) => script.certificate(strange)]],
  [
    "an authority is missing",
    Alert.UnknownCa,
    [encrypted, (script) => script.certificate([chain[0]!, chain[2]!, Buffer.alloc(600, 1)])],
  ],
  [
    "a signature of the chain",
    Alert.BadCertificate,
    [encrypted, (script) => script.certificate([chain[0]!, flipped(chain[1]!, chain[1]!.length - 1), chain[2]!])],
  ],
  [
    "an extension of an entry",
    Alert.UnsupportedExtension,
    [encrypted, (script) => script.certificate(chain, "00050000")],
  ],
  [
    "the signature of the handshake",
    Alert.DecryptError,
    [encrypted, certificate, (script) => flipped(verify(script), 20)],
  ],
  ["Finished", Alert.DecryptError, [encrypted, certificate, verify, (script) => flipped(finished(script), 20)]],
  ["a message behind Finished", Alert.UnexpectedMessage, [encrypted, certificate, verify, finished, request]],
];

for (const [what, alert, parts] of FAULTS)
  test(`a fault in such a record: ${what}`, () => {
    for (const isGenuine of [true, false]) {
      const script = begin();
      const content = made(script, [...parts, ...(parts.at(-1) === certificate ? [verify] : [])]);
      const record = script.record(22, content);
      assert.ok(record.length >= 5 + LEAST);
      // The fault is in the record before its last byte, and no alert tells of it before that.
      script.raw(record.subarray(0, -1));
      assert.deepEqual(script.alerts, []);
      assert.ok(script.client.state < State.Connected);
      script.raw(isGenuine ? record.subarray(-1) : Buffer.from([record.at(-1)! ^ 1]));
      assert.deepEqual(script.alerts, [isGenuine ? alert : Alert.BadRecordMac]);
      assert.equal(script.client.state, State.Failed);
    }
  });

test("records that are not opened in pieces", () => {
  const body = Buffer.alloc(1100, 1);
  const cases: readonly [what: string, alert: number, say: (script: Script) => void][] = [
    ["beyond the longest", Alert.RecordOverflow, (s) => s.raw(s.record(22, longExtensions(2 ** 14 + 1)))],
    ["of application data in the handshake", Alert.UnexpectedMessage, (s) => s.raw(s.record(23, longExtensions(1200)))],
    ["of alerts", Alert.UnexpectedMessage, (s) => s.raw(s.record(21, longExtensions(1200)))],
    [
      "with padding beyond the last piece",
      Alert.UnexpectedMessage,
      (s) => s.raw(s.record(22, longExtensions(1200), 2000)),
    ],
    ["in plain", Alert.RecordOverflow, (s) => s.raw(Buffer.concat([Buffer.from([22, 3, 3, 4, 1]), body]))],
    [
      "behind the Certificate",
      Alert.RecordOverflow,
      (s) => (send(s, [encrypted, certificate]), s.raw(s.record(22, body))),
    ],
    [
      "of a server that accepted a limit",
      Alert.RecordOverflow,
      (s) => (send(s, [() => s.encryptedExtensions([[28, "0401"]])]), send(s, [certificate])),
    ],
    [
      "of application data",
      Alert.RecordOverflow,
      (s) => (send(s, FLIGHTS["all in one, as BoringSSL and rustls"]![0]!), talk(s), s.raw(s.record(23, body))),
    ],
  ];
  for (const [what, alert, say] of cases) {
    const script = begin();
    say(script);
    assert.deepEqual(script.alerts, [alert], what);
    assert.equal(script.client.state, State.Failed, what);
  }
});

test("no record is opened in pieces where the server resumes", () => {
  const first = begin();
  send(first, [encrypted, request, certificate, verify, finished]);
  const { message: ticket, psk } = first.ticket(Buffer.from("an opaque ticket"));
  first.raw(first.record(22, ticket));
  const again = new Script(server, settings, first.client);
  again.psk = psk;
  again.helloDone({ extensions: [[43, "0304"], again.shareExtension(), [41, "0000"]] });
  again.raw(again.record(22, longExtensions(1200)));
  assert.deepEqual(again.alerts, [Alert.RecordOverflow]);
});

test("mutated flights get the same answer in one record and in small ones", () => {
  const roll = dice(9846);
  const alerts = new Set<number | undefined>();
  for (let i = 0; i < 120; i++) {
    const mutate = (content: Buffer): Buffer => {
      const [at, kind, bit] = [choice[0]! % content.length, choice[1]!, choice[2]!];
      if (kind === 0) return Buffer.concat([content.subarray(0, at), content.subarray(at + 1)]);
      if (kind === 1) return Buffer.concat([content.subarray(0, at), Buffer.from([bit]), content.subarray(at)]);
      return Buffer.from(content.map((byte, j) => (j === at ? byte ^ (1 << bit) : byte)));
    };
    const choice = [roll(1 << 30), roll(4), roll(8)];
    const [one, many] = [begin(), begin()];
    const content = mutate(made(one, [encrypted, request, certificate]));
    one.raw(one.record(22, content));
    for (let at = 0; at < content.length; at += 1024) many.raw(many.record(22, content.subarray(at, at + 1024)));
    assert.deepEqual(one.alerts, many.alerts, `mutant ${i}`);
    assert.equal(one.client.state, many.client.state, `mutant ${i}`);
    alerts.add(one.alerts[0]);
  }
  assert.ok(alerts.size > 4, `only the alerts ${[...alerts]}`);
});
