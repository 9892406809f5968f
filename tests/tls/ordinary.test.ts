// weight: 20 s, 0.3 cores
/** The device's certificate on P-256, of the choice `cloud`: for servers that take no Ed25519. */
import "reflect-metadata";
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify, webcrypto, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import tls from "node:tls";
import * as x509 from "@peculiar/x509";
import { Status } from "../../assembly/lib/status.ts";
import { missing as withoutBroker } from "../../tools/demo/broker.ts";
import { CHOICES } from "../../tools/firmware/choices.ts";
import { TLS_LIMITS } from "../../tools/facts/device.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { broker } from "../server/broker.ts";
import { fixedBytes, TlsClient } from "./client.ts";
import { caExtensions, certify, identity, p256Identity, rsaIdentity, type Identity } from "./identities.ts";
import { Files, gnutls, missing, openssl, type Peer } from "./peers.ts";
import { Kind, Script } from "./script.ts";
import { TlsSocket } from "./socket.ts";

const USE = "TLS_P256=1,TLS_OWN_P256=1";
/** The choice `cloud`. */
const CLOUD = Object.entries(CHOICES.cloud.use)
  .map(([name, value]) => `${name}=${value}`)
  .join(",");
const BULK = 100 * 1024;
const ED25519 = 0x0807;
const P256 = 0x0403;
/** The order of P-256, halved: a low s is not above it. */
const HALF = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;

let server: Identity;
let settings: Settings;

before(async () => {
  server = await identity("server");
  settings = { host: "localhost", pins: [server.key], seed: (await identity("device")).seed };
  settings.secret = fixedBytes("a secret on P-256", 32);
});

/** The device's certificate, empty if there is none, and the scheme and signature of its CertificateVerify. */
interface Shown {
  readonly der: Buffer;
  readonly scheme?: number;
  readonly signature?: Buffer;
  /** The signed bytes. */
  readonly content?: Buffer;
}

/** Have the device connect to a server that takes these schemes. */
function show(
  schemes: number[],
  more: Partial<Settings> = {},
  use = USE,
  raw = false,
  client = new TlsClient(use),
): Shown {
  const script = new Script(server, { ...settings, ...more }, client);
  script.helloDone();
  const list = Buffer.from(schemes.flatMap((scheme) => [scheme >> 8, scheme & 255]));
  const body = Buffer.concat([Buffer.from([0, list.length]), list]);
  script.send(script.encryptedExtensions([[20, "02"], ...(raw ? [[19, "02"] as [number, string]] : [])]));
  script.send(script.certificateRequest([[13, body]]));
  script.send(script.certificate([script.rawKey]));
  script.send(script.certificateVerify());
  script.finish();
  assert.ok(script.connected);
  // A long Certificate comes in several records.
  const certificate = Buffer.concat(script.messages.slice(0, Math.max(1, script.messages.length - 2)));
  const signed = script.messages.at(-2)!;
  assert.equal(certificate[0], Kind.Certificate);
  const length = certificate.readUIntBE(5, 3);
  if (length === 0) return { der: Buffer.alloc(0) };
  const der = certificate.subarray(11, 11 + certificate.readUIntBE(8, 3));
  const listed = more.chain && client.guest.chainAdopted() === Status.Ok ? more.chain.length : der.length + 5;
  assert.equal(certificate.length, 8 + listed);
  const finished = script.messages.at(-1)!;
  const until = script.transcript.subarray(0, script.transcript.length - finished.length - signed.length);
  const head = Buffer.concat([Buffer.alloc(64, 0x20), Buffer.from("TLS 1.3, client CertificateVerify\0")]);
  const signature = signed.subarray(8);
  assert.equal(signature.length, signed.readUInt16BE(6));
  const content = Buffer.concat([head, createHash("sha256").update(until).digest()]);
  return { der, scheme: signed.readUInt16BE(4), signature, content };
}

/** The s of an ECDSA-Sig-Value. */
function sOf(der: Buffer): bigint {
  const at = 4 + der[3]!;
  return BigInt(`0x${der.subarray(at + 2, at + 2 + der[at + 1]!).toString("hex")}`);
}

test("the certificate: self-signed, named by its pin, the same at each start, and its signatures have a low s", () => {
  const ders = new Set<string>();
  for (let at = 0; at < 8; at++) {
    const secret = fixedBytes(`secret ${at}`, 32);
    const { der, scheme, signature, content } = show([P256], { secret });
    assert.deepEqual(show([ED25519, P256], { secret }).der, der);
    const x509 = new X509Certificate(der);
    assert.equal(scheme, P256);
    assert.ok(x509.verify(x509.publicKey));
    const spki = x509.publicKey.export({ format: "der", type: "spki" });
    const pin = createHash("sha256").update(spki).digest("hex");
    assert.deepEqual([x509.subject, x509.issuer], [`CN=${pin}`, `CN=${pin}`]);
    assert.deepEqual([x509.validFrom, x509.validTo], ["Jan  1 00:00:00 1970 GMT", "Dec 31 23:59:59 9999 GMT"]);
    assert.ok(verify("sha256", content!, x509.publicKey, signature!));
    assert.ok(sOf(signature!) <= HALF);
    assert.deepEqual(x509.raw, der);
    ders.add(der.toString("hex"));
  }
  assert.equal(ders.size, 8);
  const longest = Math.max(...[...ders].map((der) => der.length / 2));
  assert.ok(
    longest <= TLS_LIMITS.CERTIFICATE_MOST[0] && longest > TLS_LIMITS.CERTIFICATE_MOST[0] - 2,
    `${longest} bytes`,
  );
});

test("as a raw public key", () => {
  const { der, signature, content } = show([P256], {}, USE, true);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  assert.equal(key.asymmetricKeyDetails!.namedCurve, "prime256v1");
  assert.ok(verify("sha256", content!, key, signature!));
});

test("which key is shown: that on P-256 if it is preferred and taken, else the device's own, else none", () => {
  const none: Partial<Settings> = { secret: new Uint8Array() };
  const kinds: [schemes: number[], more: Partial<Settings>, use: string, scheme: number | undefined][] = [
    [[P256, ED25519], {}, USE, P256],
    [[ED25519, P256], {}, USE, P256],
    [[ED25519], {}, USE, ED25519],
    [[0x0503, P256], {}, USE, P256],
    [[0x0503, 0x0804], {}, USE, undefined],
    [[ED25519, P256], none, USE, ED25519],
    [[P256], none, USE, undefined],
    [[P256, ED25519], {}, "TLS_P256=1", ED25519],
    [[P256], {}, "TLS_P256=1", undefined],
  ];
  for (const [schemes, more, use, scheme] of kinds)
    assert.equal(show(schemes, more, use).scheme, scheme, JSON.stringify([schemes, more, use]));
});

/** A certificate_list of TLS. */
function listOf(...ders: Uint8Array[]): Buffer {
  return Buffer.concat(
    ders.map((der) => Buffer.concat([Buffer.from([0, der.length >> 8, der.length]), der, Buffer.alloc(2)])),
  );
}

/** An identity with the public key of a certificate. */
async function holder(der: Buffer): Promise<Identity> {
  const spki = new X509Certificate(der).publicKey.export({ format: "der", type: "spki" });
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const own = await p256Identity();
  own.keys.publicKey = await webcrypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]);
  return own;
}

/** A certificate for the device's key by an authority, whose own certificate is large, and that one's. */
async function issued(der: Buffer): Promise<{ leaf: Buffer; middle: Buffer }> {
  const [root, middle] = [await p256Identity(), await rsaIdentity(3072)];
  const purpose = new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.2"]);
  const below = { name: "CN=pump-7", issuer: middle, issuerName: "CN=Middle", extensions: [purpose] };
  const names = { name: "CN=Middle", issuerName: "CN=Root" };
  const leaf = await certify({ subject: await holder(der), ...below });
  const between = await certify({ subject: middle, issuer: root, ...names, extensions: caExtensions(0) });
  return { leaf: Buffer.from(leaf.rawData), middle: Buffer.from(between.rawData) };
}

/** A certificate for the device's key by a root on P-256, and that root. */
async function issuedByRoot(der: Buffer): Promise<{ leaf: Buffer; root: string }> {
  const root = await p256Identity();
  const below = { name: "CN=pump-7", issuer: root, issuerName: "CN=Root", extensions: [] };
  const leaf = await certify({ subject: await holder(der), ...below });
  const top = await certify({ subject: root, name: "CN=Root", extensions: caExtensions() });
  return { leaf: Buffer.from(leaf.rawData), root: top.toString("pem") };
}

test("a certificate of an authority replaces it if it is of the same key; any other is refused, and the own one is shown", async () => {
  const own = show([P256]).der;
  const { leaf, middle } = await issued(own);
  const foreign = show([P256], { secret: fixedBytes("another", 32) }).der;
  const list = listOf(leaf, middle);
  const ext = Buffer.from(list);
  ext.writeUInt16BE(1, 3 + leaf.length);
  const rows: [what: string, chain: Buffer, status: number][] = [
    ["a chain", list, Status.Ok],
    ["a leaf", listOf(leaf), Status.Ok],
    ["the own certificate", listOf(own), Status.Ok],
    ["a key of another device", listOf(foreign), Status.Forged],
    ["the authority first", listOf(middle, leaf), Status.Forged],
    ["a certificate on Ed25519", listOf(Buffer.from((await certify({ subject: server })).rawData)), Status.Forged],
    ["no list", leaf, Status.Malformed],
    ["an entry with extensions", ext, Status.Malformed],
    ["an empty certificate", listOf(Buffer.alloc(0)), Status.Malformed],
    ["bytes that are none", listOf(Buffer.alloc(300, 0x30)), Status.Malformed],
    ["a byte behind it", Buffer.concat([list, Buffer.alloc(1)]), Status.Malformed],
  ];
  for (const [what, chain, status] of rows) {
    const client = new TlsClient(CLOUD);
    const { der, content, signature } = show([P256], { chain }, CLOUD, false, client);
    assert.equal(client.guest.chainAdopted(), status, what);
    const first = status === Status.Ok ? chain.subarray(3, 3 + chain.readUIntBE(0, 3)) : own;
    assert.ok(der.equals(first), what);
    assert.ok(verify("sha256", content!, new X509Certificate(der).publicKey, signature!), what);
  }
  const client = new TlsClient(CLOUD);
  for (let at = 1; at < list.length; at++) {
    client.start({ ...settings, chain: list.subarray(0, at) });
    assert.equal(client.guest.chainAdopted() === Status.Ok, at === leaf.length + 5, `cut at ${at}`);
  }
  const small = new TlsClient(USE);
  small.start({ ...settings, chain: list });
  assert.equal(small.guest.chainAdopted(), Status.TooLong);
});

/** A PUBLISH of MQTT at QoS 0. */
function publish(topic: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from([0, topic.length]), Buffer.from(topic), data]);
  const length: number[] = [];
  for (let left = body.length; ;) {
    const more = left > 127;
    length.push((left & 127) | (more ? 128 : 0));
    left >>= 7;
    if (!more) return Buffer.concat([Buffer.from([0x30, ...length]), body]);
  }
}

describe("real servers that demand it, and take no other", () => {
  const files = new Files();
  const peers: Peer[] = [];
  let own: Identity;
  let key: string;
  let cert: string;
  /** The device's certificate, and that of another device. */
  let trusted: string;
  let foreign: string;
  const pem = (der: Buffer): string => new X509Certificate(der).toString();

  before(async () => {
    own = await p256Identity();
    key = files.put("server.key", own.pem);
    cert = files.put("server.pem", (await certify({ subject: own })).toString("pem"));
    trusted = files.put("device.pem", pem(show([P256]).der));
    foreign = files.put("other.pem", pem(show([P256], { secret: fixedBytes("another", 32) }).der));
  });
  after(async () => {
    await Promise.all(peers.map((peer) => peer.stop()));
    files.remove();
  });

  /** Connect twice, the second time with the ticket of the first, and exchange data; or fail. */
  async function connect(
    port: number,
    talk: (socket: TlsSocket) => Promise<void>,
    more: Partial<Settings> = {},
  ): Promise<void> {
    const client = new TlsClient(CLOUD);
    for (const preShared of [0, 1]) {
      const socket = new TlsSocket(client, port, { ...settings, ...more, pins: [own.key], clock: preShared * 1000 });
      await socket.connected();
      assert.equal(client.guest.preShared(), preShared);
      await talk(socket);
      await socket.until(() => client.guest.ticketKept() !== 0 || preShared !== 0, "ticket");
      await socket.close();
    }
  }

  /** Fail, because the server does not let the device in. */
  async function refused(port: number): Promise<void> {
    const client = new TlsClient(USE);
    const socket = new TlsSocket(client, port, { ...settings, pins: [own.key] });
    await socket.until(() => client.state >= State.Closed, "the end");
    assert.equal(client.state, State.Failed);
  }

  test("openssl s_server", { skip: missing("openssl") }, async () => {
    const args = ["-key", key, "-cert", cert, "-Verify", "1", "-verify_return_error", "-rev"];
    for (const ca of [trusted, foreign]) peers.push(await openssl([...args, "-CAfile", ca]));
    await connect(peers.at(-2)!.port, async (socket) => {
      socket.write(Buffer.from("abc\n"));
      await socket.until(() => socket.received.toString() === "cba\n", "the answer");
    });
    await refused(peers.at(-1)!.port);
  });

  test(
    "openssl s_server that trusts an authority, with its certificate for the device",
    { skip: missing("openssl") },
    async () => {
      const { leaf, root } = await issuedByRoot(show([P256]).der);
      const ca = files.put("authority.pem", root);
      peers.push(
        await openssl(["-key", key, "-cert", cert, "-Verify", "1", "-verify_return_error", "-rev", "-CAfile", ca]),
      );
      const talk = async (socket: TlsSocket): Promise<void> => {
        socket.write(Buffer.from("abc\n"));
        await socket.until(() => socket.received.toString() === "cba\n", "the answer");
      };
      await connect(peers.at(-1)!.port, talk, { chain: listOf(leaf) });
      await refused(peers.at(-1)!.port);
    },
  );

  test("gnutls-serv", { skip: missing("gnutls-serv") }, async () => {
    const args = ["--echo", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3", "--require-client-cert"];
    const identityOf = ["--x509keyfile", key, "--x509certfile", cert];
    peers.push(await gnutls([...args, ...identityOf, "--verify-client-cert", "--x509cafile", trusted]));
    await connect(peers.at(-1)!.port, async (socket) => {
      const line = Buffer.from(`${"abc".repeat(300)}\n`);
      for (let sent = 0; sent < BULK; sent += line.length) {
        socket.received = Buffer.alloc(0);
        socket.write(line);
        await socket.until(() => socket.received.includes(line), "the echo");
        if (sent === 0) assert.equal(socket.client.guest.update(), Status.Ok);
      }
    });
  });

  test("mosquitto, with MQTT as the name of the certificate", { skip: withoutBroker() }, async (t) => {
    const demand = (ca: string): string =>
      `keyfile ${key}\ncertfile ${cert}\ncafile ${ca}\nrequire_certificate true\nuse_identity_as_username true\nallow_anonymous false\n`;
    const { url } = await broker(t, demand(trusted));
    await connect(
      Number(new URL(url).port),
      async (socket) => {
        socket.write(Buffer.from("100d00044d5154540402003c000164", "hex"));
        await socket.until(() => socket.received.length >= 4, "CONNACK");
        assert.equal(socket.received.toString("hex"), "20020000");
        // Subscribe to `t` at QoS 0, publish 100 KB there, change keys, and publish again.
        socket.write(Buffer.from("8206000100017400", "hex"));
        await socket.until(() => socket.received.length >= 9, "SUBACK");
        for (const len of [BULK, 10]) {
          socket.received = Buffer.alloc(0);
          const message = publish("t", Buffer.alloc(len, `${len} bytes `));
          socket.write(message);
          await socket.until(() => socket.received.length >= message.length, "the message");
          assert.ok(socket.received.equals(message));
          assert.equal(socket.client.guest.update(), Status.Ok);
        }
        // It ignores the protocol that was offered.
        assert.equal(socket.client.guest.protocolChosen(), 0);
      },
      { alpn: "mqtt" },
    );
    const other = await broker(t, demand(foreign));
    await refused(Number(new URL(other.url).port));
  });

  test("Node", async (t) => {
    const seen: string[] = [];
    const options = { key: own.pem, cert: readFileSync(cert), ca: readFileSync(trusted), requestCert: true };
    const listening = tls.createServer({ ...options, sigalgs: "ecdsa_secp256r1_sha256" }, (socket) => {
      seen.push(socket.getPeerX509Certificate()!.subject);
      socket.on("error", () => {});
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    t.after(() => listening.close());
    await connect((listening.address() as AddressInfo).port, async (socket) => {
      for (const len of [BULK, 10]) {
        const bytes = Buffer.alloc(len, `${len} bytes `);
        socket.received = Buffer.alloc(0);
        socket.write(bytes);
        await socket.until(() => socket.received.length >= len, "the echo");
        assert.ok(socket.received.equals(bytes));
        assert.equal(socket.client.guest.update(), Status.Ok);
      }
    });
    assert.equal(seen.length, 2);
    assert.match(seen[0]!, /^CN=[0-9a-f]{64}$/);
  });
});
