// Longer than 400 lines: one list, an entry for each alert of the client.
/** Every alert that RFC 8446 names for a client, provoked where it names it; none leaves application data or keys behind. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, test } from "node:test";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { fixedBytes, TlsClient } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { caExtensions, certify, identity, leafExtensions, type Identity, type Wish } from "./identities.ts";
import { Content, Kind, Script, extensions, message, vector16 } from "./script.ts";
import { u16, vector8 } from "./suite.ts";
import { Alert, LONG_RECORD, afterwards, flights, flipped, hellos } from "./sins.ts";

let server: Identity;
let other: Identity;
let root: Identity;
let middle: Identity;
let device: Identity;
let pinned: Settings;
let rooted: Settings;
let leaf: Buffer;

const der = async (wish: Wish): Promise<Buffer> => Buffer.from((await certify(wish)).rawData);

before(async () => {
  server = await identity("server");
  other = await identity("other");
  root = await identity("root");
  middle = await identity("middle");
  device = await identity("device");
  pinned = { host: "localhost", pins: [server.key], seed: device.seed };
  rooted = { host: "localhost", roots: [root.key], seed: device.seed };
  leaf = await der({ subject: server, issuer: root, issuerName: "CN=Root" });
});

/** The client refuses, with this alert, having read and sent no application data. */
function refused(script: Script, alert: number): void {
  assert.deepEqual(script.alerts, [alert]);
  assert.equal(script.client.state, State.Failed);
  assert.deepEqual(script.client.alert, { code: alert, fromPeer: false });
  assert.equal(script.data.length, 0);
  assert.equal(script.read.length, 0);
}

for (const [name, alert, say] of hellos) {
  test(`${name}: alert ${alert}`, () => {
    const script = new Script(server, pinned);
    say(script, other);
    refused(script, alert);
  });
}

/** The choices of the clients that read a Certificate as a whole, and entry by entry. */
const READERS = ["", "TLS_PUBLIC=1,TLS_MESSAGE=1024"];

for (const use of READERS)
  for (const [name, alert, say] of flights) {
    // With `public` such a record is opened in pieces: `wide.test.ts`.
    if (use && name === LONG_RECORD) continue;
    test(`${name}: alert ${alert} ${use && `with ${use}`}`, () => {
      const script = new Script(server, pinned, new TlsClient(use));
      script.helloDone();
      say(script, other);
      refused(script, alert);
    });
  }

for (const [name, alert, say] of afterwards) {
  test(`${name}: alert ${alert}`, () => {
    const script = new Script(server, pinned);
    script.connect();
    assert.equal(script.client.state, State.Connected);
    say(script, other);
    refused(script, alert);
  });
}

test("certificates: forbidden contents of a chain, each with its alert", async () => {
  const leafBy = (wish: Partial<Wish>): Promise<Buffer> =>
    der({ subject: server, issuer: root, issuerName: "CN=Root", ...wish });
  const middleOf = (wish: Partial<Wish> = {}): Promise<Buffer> =>
    der({
      subject: middle,
      name: "CN=Middle",
      issuer: root,
      issuerName: "CN=Root",
      extensions: caExtensions(0),
      ...wish,
    });
  const byMiddle = await der({ subject: server, issuer: middle, issuerName: "CN=Middle" });
  const usage = (flags: x509.KeyUsageFlags): x509.Extension => new x509.KeyUsagesExtension(flags, true);
  const name = new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]);
  const critical = new x509.Extension("1.2.3.4", true, Buffer.from("0500", "hex"));
  const long = caExtensions();
  const cases: [name: string, alert: number | undefined, chain: Buffer[], settings?: Settings][] = [
    ["a leaf of the root", undefined, [leaf]],
    ["a leaf of the second of two roots", undefined, [leaf], { ...rooted, roots: [other.key, root.key] }],
    ["a leaf, an intermediate", undefined, [byMiddle, await middleOf()]],
    [
      "a leaf, an intermediate, the root itself",
      undefined,
      [byMiddle, await middleOf(), await der({ subject: root, name: "CN=Root", extensions: long })],
    ],
    [
      "an unknown critical extension on nothing but a pinned leaf",
      undefined,
      [await leafBy({ extensions: [critical] })],
      pinned,
    ],
    ["another root", Alert.UnknownCa, [leaf], { ...rooted, roots: [other.key] }],
    ["a self-signed leaf", Alert.UnknownCa, [await der({ subject: server })]],
    ["the intermediate missing", Alert.UnknownCa, [byMiddle]],
    ["a leaf of another name's issuer", Alert.UnknownCa, [byMiddle, await middleOf({ name: "CN=Muddle" })]],
    ["an intermediate that did not sign", Alert.BadCertificate, [byMiddle, await middleOf({ subject: other })]],
    [
      "an intermediate that is no CA",
      Alert.BadCertificate,
      [byMiddle, await middleOf({ extensions: leafExtensions() })],
    ],
    [
      "an intermediate that may not sign certificates",
      Alert.BadCertificate,
      [byMiddle, await middleOf({ extensions: [caExtensions()[0]!, usage(x509.KeyUsageFlags.cRLSign)] })],
    ],
    ["a leaf for another host", Alert.CertificateUnknown, [await leafBy({ extensions: leafExtensions("elsewhere") })]],
    ["a leaf without names", Alert.CertificateUnknown, [await leafBy({ extensions: [] })]],
    [
      "a leaf that may not sign",
      Alert.UnsupportedCertificate,
      [await leafBy({ extensions: [usage(x509.KeyUsageFlags.keyEncipherment), name] })],
    ],
    [
      "a leaf for clients",
      Alert.UnsupportedCertificate,
      [await leafBy({ extensions: [name, new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.2"])] })],
    ],
    [
      "a leaf for servers",
      undefined,
      [await leafBy({ extensions: [name, new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"])] })],
    ],
    ["an unknown critical extension", Alert.UnsupportedCertificate, [await leafBy({ extensions: [name, critical] })]],
    [
      "a wildcard that matches",
      undefined,
      [await leafBy({ extensions: leafExtensions("*.example.org") })],
      { ...rooted, host: "a.EXAMPLE.org" },
    ],
    [
      "a wildcard over two labels",
      Alert.CertificateUnknown,
      [await leafBy({ extensions: leafExtensions("*.example.org") })],
      { ...rooted, host: "a.b.example.org" },
    ],
    [
      "an address that matches",
      undefined,
      [await leafBy({ extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])] })],
      { ...rooted, host: "127.0.0.1" },
    ],
    [
      "another address",
      Alert.CertificateUnknown,
      [await leafBy({ extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.2" }])] })],
      { ...rooted, host: "127.0.0.1" },
    ],
    [
      "a leaf that ended before the floor",
      Alert.CertificateExpired,
      [leaf],
      { ...rooted, floor: Date.parse("2060-01-01T00:00:01Z") / 1000 },
    ],
    [
      "a leaf that ends at the floor",
      undefined,
      [leaf],
      { ...rooted, floor: Date.parse("2060-01-01T00:00:00Z") / 1000 },
    ],
    [
      "an intermediate that ended before the floor",
      Alert.CertificateExpired,
      [byMiddle, await middleOf({ notAfter: new Date("2025-01-01") })],
      { ...rooted, floor: Date.parse("2026-01-01") / 1000 },
    ],
    [
      "a leaf that ends before it begins",
      Alert.BadCertificate,
      [await leafBy({ notBefore: new Date("2030-01-01"), notAfter: new Date("2029-01-01") })],
    ],
    ["a leaf with a bit of its signature flipped", Alert.UnknownCa, [flipped(leaf, leaf.length - 5)]],
    ["a truncated leaf", Alert.BadCertificate, [leaf.subarray(0, -1)]],
    ["five certificates that are none", Alert.BadCertificate, Array<Buffer>(5).fill(Buffer.from("3000", "hex"))],
    [
      "a leaf, the root itself, and five that are none",
      undefined,
      [
        leaf,
        await der({ subject: root, name: "CN=Root", extensions: long }),
        ...Array<Buffer>(5).fill(Buffer.from("3000", "hex")),
      ],
    ],
    [
      "six certificates, a pinned leaf first",
      undefined,
      [leaf, ...Array<Buffer>(5).fill(Buffer.from("3000", "hex"))],
      pinned,
    ],
    ["an intermediate below one that allows none", Alert.BadCertificate, await tooDeep()],
  ];
  for (const use of READERS)
    for (const [what, alert, chain, settings] of cases) {
      const script = new Script(server, settings ?? rooted, new TlsClient(use));
      script.helloDone();
      script.send(script.encryptedExtensions());
      script.send(script.certificate(chain));
      if (alert === undefined) {
        assert.equal(script.client.state, State.WaitCv, `${what} is refused: ${script.alerts} ${use}`);
      } else {
        assert.deepEqual(script.alerts, [alert], `${what} ${use}`);
      }
    }
});

test("name constraints: the leaf's names against permitted and excluded subtrees, critical or not", async () => {
  const tlv = (tag: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag, body.length]), body]);
  };
  const dns = (name: string): Buffer => tlv(0x30, tlv(0x82, Buffer.from(name)));
  const permitted = (...subtrees: Buffer[]): Buffer => tlv(0xa0, ...subtrees);
  const excluded = (...subtrees: Buffer[]): Buffer => tlv(0xa1, ...subtrees);
  const address = tlv(0x30, tlv(0x87, Buffer.from([127, 0, 0, 1, 255, 255, 255, 255])));
  const minimum = tlv(0x30, tlv(0x82, Buffer.from("localhost")), tlv(0x80, Buffer.from([0])));
  const cases: [names: string[], accepted: boolean, subtrees: Buffer[]][] = [
    [["localhost"], false, [permitted(dns("allowed.example"))]],
    [["localhost"], true, [permitted(dns("localhost"))]],
    [["localhost"], true, [permitted(dns("allowed.example"), dns("LOCALHOST"))]],
    [["localhost"], true, [permitted(dns(""))]],
    [["localhost"], false, [excluded(dns(""))]],
    [["localhost"], true, [excluded(dns("elsewhere"))]],
    [["localhost"], false, [excluded(dns("elsewhere"), dns("localhost"))]],
    [["localhost"], false, [permitted(dns("localhost")), excluded(dns("localhost"))]],
    [["localhost"], false, [permitted(dns("host"))]],
    [["localhost"], true, [excluded(dns("host"))]],
    [["localhost", "a.example"], false, [permitted(dns("localhost"))]],
    [["a.example", "localhost"], false, [permitted(dns("localhost"))]],
    [["localhost", "a.example"], true, [permitted(dns("localhost"), dns("example"))]],
    [["localhost", "a.example"], true, [permitted(dns("localhost"), dns(".example"))]],
    [["localhost", "example"], false, [permitted(dns("localhost"), dns(".example"))]],
    [["localhost", "*.example"], false, [excluded(dns("a.example"))]],
    [["localhost", "*.example"], false, [permitted(dns("localhost"), dns("a.example"))]],
    [["localhost", "*.example"], true, [permitted(dns("localhost"), dns("example"))]],
    [["localhost"], false, [permitted(address)]],
    [["localhost"], false, [excluded(address)]],
    [["localhost"], false, [permitted(minimum)]],
    [["localhost"], false, [permitted(dns("localhost")), tlv(0xa2)]],
    [["localhost"], false, [excluded(dns("elsewhere")), permitted(dns("localhost"))]],
    [["localhost"], false, []],
  ];
  for (const critical of [false, true])
    for (const [names, accepted, subtrees] of cases) {
      const constraints = new x509.Extension("2.5.29.30", critical, new Uint8Array(tlv(0x30, ...subtrees)));
      const above = { issuer: root, issuerName: "CN=Root", extensions: [...caExtensions(0), constraints] };
      const alternative = new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: "dns" as const, value })),
      );
      const chain = [
        await der({ subject: server, issuer: middle, issuerName: "CN=Middle", extensions: [alternative] }),
        await der({ subject: middle, name: "CN=Middle", ...above }),
      ];
      for (const use of READERS) {
        const script = new Script(server, rooted, new TlsClient(use));
        script.helloDone();
        script.send(script.encryptedExtensions());
        script.send(script.certificate(chain));
        const what = `${names} under ${Buffer.concat(subtrees).toString("latin1")} ${use}`;
        assert.deepEqual(script.alerts, accepted ? [] : [Alert.BadCertificate], what);
        assert.equal(script.client.state, accepted ? State.WaitCv : State.Failed, what);
      }
    }
});

/** A leaf, an intermediate below another, and that one's path length of 0. */
async function tooDeep(): Promise<Buffer[]> {
  const top = { subject: other, name: "CN=Top", issuer: root, issuerName: "CN=Root", extensions: caExtensions(0) };
  const low = { subject: middle, name: "CN=Low", issuer: other, issuerName: "CN=Top", extensions: caExtensions(0) };
  return [await der({ subject: server, issuer: middle, issuerName: "CN=Low" }), await der(low), await der(top)];
}

test("the wire's HelloRetryRequest: the second hello differs by the cookie alone, and the handshake completes", () => {
  const script = new Script(server, pinned);
  const first = script.hello;
  script.retry();
  assert.equal(script.offered(44)!.toString("hex"), vector16(Buffer.from("a cookie")).toString("hex"));
  assert.deepEqual(script.hello.subarray(6, 71), first.subarray(6, 71));
  script.connect();
  assert.ok(script.connected);
});

test("a ticket resumes; wrong tickets, wrong PSKs and a binder over a retry", () => {
  const first = new Script(server, pinned);
  first.connect();
  const { message: ticket, psk } = first.ticket(Buffer.from("an opaque ticket"));
  first.raw(first.record(Content.Handshake, ticket));
  const kept = first.client.ticket;

  const resume = (): Script => {
    first.client.ticket = kept;
    const script = new Script(server, { ...pinned, clock: 1000 }, first.client);
    script.psk = psk;
    return script;
  };
  const accept: [number, string][] = [[41, "0000"]];

  let script = resume();
  assert.equal(script.client.guest.ticketKept(), 1);
  script.helloDone({ extensions: [[43, "0304"], script.shareExtension(), ...accept] });
  assert.equal(script.client.guest.ticketKept(), 0);
  script.send(script.encryptedExtensions());
  script.finish();
  assert.ok(script.connected);
  assert.equal(script.client.guest.preShared(), 1);

  script = resume();
  script.send(script.serverHello({ extensions: [[43, "0304"], script.shareExtension(), [41, "0001"]] }));
  refused(script, Alert.IllegalParameter);
  assert.equal(script.client.guest.ticketKept(), 0);

  script = resume();
  script.send(
    script.serverHello({
      extensions: [
        [43, "0304"],
        [41, "0000"],
      ],
    }),
  );
  refused(script, Alert.IllegalParameter);

  script = resume();
  script.psk = Buffer.alloc(32, 1);
  const hello = script.serverHello({ extensions: [[43, "0304"], script.shareExtension(), ...accept] });
  script.transcript = Buffer.concat([script.transcript, hello]);
  const plain = script.record(Content.Handshake, hello);
  script.client.feed(plain);
  script.handshakeKeys();
  script.client.feed(script.record(Content.Handshake, script.encryptedExtensions()));
  assert.deepEqual(script.client.alert, { code: Alert.BadRecordMac, fromPeer: false });

  script = resume();
  script.helloDone({ extensions: [[43, "0304"], script.shareExtension(), ...accept] });
  script.send(script.encryptedExtensions([[20, "02"]]));
  script.send(script.certificate([script.rawKey]));
  refused(script, Alert.UnexpectedMessage);

  script = resume();
  script.psk = Buffer.alloc(32);
  script.connect();
  assert.ok(script.connected);
  assert.equal(script.client.guest.preShared(), 0);
  assert.equal(script.client.guest.ticketKept(), 0);
});

test("an external PSK without a server key: a server that does not accept it is not authenticated", () => {
  const script = new Script(server, { host: "localhost", psk: Buffer.alloc(32, 7), identity: "device" });
  script.psk = Buffer.alloc(32);
  script.helloDone();
  script.send(script.encryptedExtensions());
  script.send(script.certificate([leaf]));
  refused(script, Alert.UnknownCa);
});

test("the peer's alerts end the connection, whatever their level; user_canceled alone does not", () => {
  for (const level of [1, 2]) {
    for (let code = 0; code < 256; code++) {
      const script = new Script(server, pinned);
      script.raw(script.record(Content.Alert, Buffer.from([level, code])));
      if (code === 90) {
        assert.equal(script.client.state, State.WaitSh);
      } else {
        assert.equal(script.client.state, State.Failed);
        assert.deepEqual(script.client.alert, { code, fromPeer: true });
        assert.deepEqual(script.alerts, []);
      }
    }
  }
});

test("close_notify from the peer is answered; the transport's end without it is a failure", () => {
  let script = new Script(server, pinned);
  script.connect();
  script.raw(script.record(Content.Alert, Buffer.from([1, 0])));
  assert.deepEqual(script.alerts, [0]);
  assert.equal(script.client.state, State.Closed);
  script = new Script(server, pinned);
  script.connect();
  script.client.guest.peerGone();
  assert.equal(script.client.state, State.Failed);
});

test("closing during the handshake says user_canceled, then close_notify", () => {
  const script = new Script(server, pinned);
  script.helloDone();
  script.client.guest.close();
  script.listen();
  assert.deepEqual(script.alerts, [90, 0]);
  assert.equal(script.client.state, State.Closed);
});

test("a server without Ed25519 gets an empty Certificate and no CertificateVerify", () => {
  const script = new Script(server, pinned);
  script.helloDone();
  script.send(script.encryptedExtensions([[20, "02"]]), script.certificateRequest([[13, "00020804"]]));
  script.send(script.certificate([script.rawKey]));
  script.send(script.certificateVerify());
  script.finish();
  assert.ok(script.connected);
  assert.deepEqual(
    script.messages.map((m) => m[0]),
    [Kind.Certificate, Kind.Finished],
  );
  assert.equal(script.messages[0]!.toString("hex"), "0b00000400000000");
});

test("the smallest record_size_limit: the client's flight is split over records", () => {
  const script = new Script(server, pinned);
  script.helloDone();
  script.send(
    script.encryptedExtensions([
      [28, "0040"],
      [20, "02"],
    ]),
    script.certificateRequest(),
  );
  script.send(script.certificate([script.rawKey]));
  script.send(script.certificateVerify());
  const record = script.record(Content.Handshake, script.finished());
  script.client.feed(record);
  const sent = script.client.drain();
  const lengths: number[] = [];
  for (let at = 0; at < sent.length; at += 5 + sent.readUInt16BE(at + 3)) lengths.push(sent.readUInt16BE(at + 3));
  assert.ok(
    lengths.every((len) => len <= 64 + 16),
    `${lengths}`,
  );
  assert.equal(script.client.state, State.Connected);
});

test("messages split over records of one byte, and records that hold all of a flight", () => {
  let script = new Script(server, pinned);
  script.helloDone();
  const flight = [script.encryptedExtensions([[20, "02"]]), script.certificate([script.rawKey])];
  script.transcript = Buffer.concat([script.transcript, ...flight]);
  const verify = script.certificateVerify();
  script.transcript = Buffer.concat([script.transcript, verify]);
  for (const byte of Buffer.concat([...flight, verify]))
    script.raw(script.record(Content.Handshake, Buffer.from([byte])));
  script.finish();
  assert.ok(script.connected);

  script = new Script(server, pinned);
  script.helloDone();
  const whole = [script.encryptedExtensions([[20, "02"]]), script.certificate([script.rawKey])];
  const before = script.transcript;
  script.transcript = Buffer.concat([before, ...whole]);
  whole.push(script.certificateVerify());
  script.transcript = Buffer.concat([before, ...whole]);
  whole.push(script.finished());
  const record = script.record(Content.Handshake, Buffer.concat(whole));
  script.transcript = Buffer.concat([before, ...whole]);
  script.applicationKeys();
  script.raw(record);
  assert.ok(script.connected);
});

test("records with padding, empty records of data, and the largest allowed record", () => {
  const script = new Script(server, pinned);
  script.connect();
  script.raw(script.record(Content.ApplicationData, Buffer.alloc(0)));
  for (let padding = 0; padding < 9; padding++) {
    script.raw(script.record(Content.ApplicationData, Buffer.from("abc".slice(0, padding % 4)), padding));
  }
  assert.equal(script.read.toString(), "aababcaababc");
  script.read = Buffer.alloc(0);
  const largest = Buffer.from(fixedBytes("large", 1024));
  script.raw(script.record(Content.ApplicationData, largest));
  assert.ok(script.read.equals(largest));
  script.raw(script.record(Content.ApplicationData, largest.subarray(0, 24), 1000));
  assert.ok(script.connected);
});

test("a ticket longer than the buffer is skipped, and the connection continues", () => {
  const script = new Script(server, pinned);
  script.connect();
  for (const len of [577, 1500, 5000]) {
    const { message: ticket } = script.ticket(Buffer.alloc(len, 1));
    for (let at = 0; at < ticket.length; at += 1000) {
      script.raw(script.record(Content.Handshake, ticket.subarray(at, at + 1000)));
    }
    assert.equal(script.client.guest.ticketKept(), 0);
  }
  script.raw(script.record(Content.ApplicationData, Buffer.from("still here")));
  assert.equal(script.read.toString(), "still here");
  script.raw(script.record(Content.Handshake, script.ticket(Buffer.alloc(576, 1)).message));
  assert.equal(script.client.guest.ticketKept(), 1);
});

test("one answer to several requests for new keys, before the next data", () => {
  const script = new Script(server, pinned);
  script.connect();
  for (let i = 0; i < 5; i++) {
    const request = script.record(Content.Handshake, message(Kind.KeyUpdate, Buffer.from([1])));
    script.updateKeys();
    script.raw(request);
  }
  assert.equal(script.messages.filter(([kind]) => kind === Kind.KeyUpdate).length, 0);
  script.client.write(Buffer.from("data"));
  script.listen();
  assert.equal(script.messages.filter(([kind]) => kind === Kind.KeyUpdate).length, 1);
  assert.equal(script.data.toString(), "data");
});

test("an alert in place of the second flight begins with change_cipher_spec", () => {
  for (const [end, alerts] of [
    [(s: Script) => s.send(s.finished()), [Alert.UnexpectedMessage]],
    [(s: Script) => (s.client.guest.close(), s.listen()), [90, 0]],
  ] as const) {
    const script = new Script(server, pinned);
    script.helloDone();
    end(script);
    assert.deepEqual(script.alerts, alerts);
    assert.equal(script.marks, 1);
  }
  const early = new Script(server, pinned);
  early.send(early.serverHello({ compression: 1 }));
  assert.equal(early.marks, 0);
});

test("a connection that is abandoned leaves nothing in memory and says nothing", () => {
  for (const closing of [false, true]) {
    const script = new Script(server, pinned);
    script.connect();
    if (closing) script.client.guest.close();
    script.listen();
    const secrets = [script.serverSecret, script.clientSecret, script.resumption];
    for (const secret of secrets) assert.notEqual(Buffer.from(script.client.guest.memory.buffer).indexOf(secret), -1);
    const { alerts } = script;
    script.client.guest.abandon();
    script.listen();
    assert.deepEqual(script.alerts, alerts);
    assert.equal(script.client.state, State.Closed);
    for (const secret of secrets) assert.equal(Buffer.from(script.client.guest.memory.buffer).indexOf(secret), -1);
  }
});

test("the first ticket of a connection is kept, and the resumption secret is wiped", () => {
  const script = new Script(server, pinned);
  script.connect();
  const holdsSecret = (): boolean => Buffer.from(script.client.guest.memory.buffer).includes(script.resumption);
  const give = (text: string, lifetime: number): Buffer => {
    const { message: ticket, psk } = script.ticket(Buffer.from(text), lifetime, Buffer.from(text));
    script.raw(script.record(Content.Handshake, ticket));
    return psk;
  };
  give("dead on arrival", 0);
  assert.ok(holdsSecret());
  const psk = give("first", 3600);
  assert.ok(!holdsSecret());
  give("second", 3600);
  assert.ok(script.client.ticket.includes("first"));
  assert.ok(script.client.ticket.includes(psk));
  assert.ok(!script.client.ticket.includes("second"));
});

test("a ticket is kept where it was collected, with a nonce of each length", () => {
  for (const nonceLen of [0, 1, 8, 31, 32, 33, 58, 59, 60, 100, 255]) {
    const script = new Script(server, pinned);
    script.connect();
    const opaque = createHash("sha512").update(String(nonceLen)).digest();
    const nonce = Buffer.from(Array.from({ length: nonceLen }, (_, i) => i));
    const { message: ticket, psk } = script.ticket(opaque, 3600, nonce);
    for (const byte of ticket) script.raw(script.record(Content.Handshake, Buffer.from([byte])));
    assert.equal(script.client.guest.ticketKept(), 1);
    assert.ok(script.client.ticket.includes(psk), `nonce of ${nonceLen}`);
    assert.ok(script.client.ticket.includes(opaque), `nonce of ${nonceLen}`);
    // With a ticket kept there is room for the shortest message only: a further ticket passes by, and a KeyUpdate is read.
    script.raw(script.record(Content.Handshake, script.ticket(Buffer.alloc(16, 3)).message));
    script.raw(script.record(Content.Handshake, message(Kind.KeyUpdate, Buffer.from([0]))));
    script.updateKeys();
    script.raw(script.record(Content.ApplicationData, Buffer.from("on")));
    assert.equal(script.read.toString(), "on");
    assert.ok(script.client.ticket.includes(psk) && script.client.ticket.includes(opaque));
  }
});

test("after a failure nothing of the connection is left in memory", () => {
  const script = new Script(server, pinned);
  script.connect();
  const secrets = [script.serverSecret, script.clientSecret, fixedBytes("ephemeral", 32)];
  script.raw(script.record(Content.Handshake, message(99, Buffer.alloc(0))));
  const memory = Buffer.from(script.client.guest.memory.buffer);
  for (const secret of secrets) assert.equal(memory.indexOf(secret), -1);
  assert.equal(createHash("sha256").update(script.data).digest("hex"), createHash("sha256").digest("hex"));
});

test("hello: the offered algorithms, and SNI only for names", () => {
  const script = new Script(server, { ...pinned, alpn: "http/1.1" });
  assert.equal(script.hello.readUInt16BE(4), 0x0303);
  assert.equal(script.hello[38], 32);
  assert.deepEqual(script.offered(0), Buffer.concat([u16(12), Buffer.from([0]), vector16(Buffer.from("localhost"))]));
  assert.equal(script.offered(1)!.toString("hex"), "02");
  assert.equal(script.offered(10)!.toString("hex"), "0002001d");
  assert.equal(script.offered(13)!.toString("hex"), "00020807");
  assert.deepEqual(script.offered(16), vector16(vector8(Buffer.from("http/1.1"))));
  assert.equal(script.offered(19)!.toString("hex"), "020200");
  assert.equal(script.offered(20)!.toString("hex"), "020200");
  assert.equal(script.offered(28)!.toString("hex"), "0401");
  assert.equal(script.offered(43)!.toString("hex"), "020304");
  assert.equal(script.offered(45)!.toString("hex"), "0101");
  for (const absent of [41, 42, 44, 49]) assert.equal(script.offered(absent), undefined);
  assert.ok(extensions([]).equals(Buffer.alloc(2)));
  assert.equal(new Script(server, { ...pinned, host: "192.168.1.20" }).offered(0), undefined);
});
