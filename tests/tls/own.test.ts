/** The choice `own`: servers with a key on P-256, pinned, or below a pinned authority. */
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { after, before, describe, test } from "node:test";
import tls from "node:tls";
import type { AddressInfo } from "node:net";
import { TlsClient } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { caExtensions, certify, identity, p256Identity, type Identity, type Wish } from "./identities.ts";
import { Files, gnutls, missing, openssl, type Peer } from "./peers.ts";
import { Script } from "./script.ts";
import { Alert, flipped } from "./sins.ts";
import { TlsSocket } from "./socket.ts";

const ED25519 = 0x0807;
const ECDSA = 0x0403;
const OWN = "TLS_P256=1";

let server: Identity;
let other: Identity;
let old: Identity;
let device: Identity;
let pinned: Settings;

const der = async (wish: Wish): Promise<Buffer> => Buffer.from((await certify(wish)).rawData);
const own = (): TlsClient => new TlsClient(OWN);

before(async () => {
  server = await p256Identity();
  other = await p256Identity();
  old = await identity("server");
  device = await identity("device");
  pinned = { host: "localhost", pins: [server.key], seed: device.seed };
});

/** A server up to its certificates, raw if there are none. */
function upToCertificate(who: Identity, settings: Settings, certificates?: Buffer[], client = own()): Script {
  const script = new Script(who, settings, client);
  script.helloDone();
  script.send(script.encryptedExtensions(certificates ? [] : [[20, "02"]]));
  script.send(script.certificate(certificates ?? [script.rawKey]));
  return script;
}

test("the hello offers both schemes", () => {
  assert.equal(new Script(server, pinned, own()).offered(13)!.toString("hex"), "000408070403");
});

test("a raw key, and a certificate around it, are taken by the pin", async () => {
  for (const certificates of [undefined, [await der({ subject: server })]]) {
    const script = upToCertificate(server, pinned, certificates);
    script.send(script.certificateVerify(ECDSA));
    script.finish();
    assert.ok(script.connected);
  }
});

test("an Ed25519 key is pinned as it is, beside a pin of the other kind", () => {
  const script = upToCertificate(old, { ...pinned, pins: [server.key, old.key] });
  script.send(script.certificateVerify(ED25519));
  script.finish();
  assert.ok(script.connected);
});

test("a key that is not pinned", async () => {
  for (const certificates of [undefined, [await der({ subject: other })]])
    assert.deepEqual(upToCertificate(other, pinned, certificates).alerts, [Alert.UnknownCa]);
});

test("a point that is compressed, and a client without this row", () => {
  const spki = createPublicKey(server.pem).export({ format: "der", type: "spki" });
  const compressed = Buffer.concat([
    Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex"),
    Buffer.from([2 + (spki.at(-1)! & 1)]),
    spki.subarray(27, 59),
  ]);
  const script = new Script(server, pinned, own());
  script.helloDone();
  script.send(script.encryptedExtensions([[20, "02"]]), script.certificate([compressed]));
  assert.deepEqual(script.alerts, [Alert.UnsupportedCertificate]);
  assert.deepEqual(upToCertificate(server, pinned, undefined, new TlsClient()).alerts, [Alert.UnsupportedCertificate]);
});

test("CertificateVerify: forbidden contents", () => {
  const cases: [what: string, alert: number, who: Identity, say: (script: Script) => Buffer][] = [
    ["a bit of s is flipped", Alert.DecryptError, server, (s) => flipped(s.certificateVerify(ECDSA), 60)],
    ["the form is broken", Alert.DecryptError, server, (s) => flipped(s.certificateVerify(ECDSA), 8)],
    ["another key's signature", Alert.DecryptError, server, (s) => s.certificateVerify(ECDSA, other.pem)],
    ["Ed25519 with a key on P-256", Alert.IllegalParameter, server, (s) => s.certificateVerify(ED25519)],
    ["ECDSA with an Ed25519 key", Alert.IllegalParameter, old, (s) => s.certificateVerify(ECDSA)],
  ];
  for (const [what, alert, who, say] of cases) {
    const script = upToCertificate(who, { ...pinned, pins: [server.key, old.key] });
    script.send(say(script));
    assert.deepEqual(script.alerts, [alert], what);
  }
});

test("chains of both algorithms, up to an authority that is pinned", async () => {
  const authority = await p256Identity();
  const above = { name: "CN=Middle", issuer: other, issuerName: "CN=Root", extensions: caExtensions(0) };
  const middle = await der({ subject: authority, ...above });
  const leaf = await der({ subject: server, issuer: authority, issuerName: "CN=Middle" });
  const byEd25519 = await der({ subject: server, issuer: old, issuerName: "CN=Old" });
  const mixed = await der({ subject: old, issuer: authority, issuerName: "CN=Middle" });
  const root = await der({ subject: other, name: "CN=Root", extensions: caExtensions() });
  const cases: [what: string, alert: number | undefined, root: Identity, chain: Buffer[]][] = [
    ["leaf, authority", undefined, authority, [leaf, middle]],
    ["leaf, authority, root", undefined, other, [leaf, middle, root]],
    ["leaf on P-256, by an Ed25519 root that is not sent", undefined, old, [byEd25519]],
    ["Ed25519 leaf, by an authority on P-256", undefined, authority, [mixed, middle]],
    ["a root on P-256 that is not sent", Alert.UnknownCa, other, [leaf, middle]],
    ["another root", Alert.UnknownCa, server, [leaf, middle]],
    [
      "a leaf with a bit of its signature flipped",
      Alert.BadCertificate,
      authority,
      [flipped(leaf, leaf.length - 5), middle],
    ],
    ["a leaf that another key signed", Alert.BadCertificate, authority, [await forged(), middle]],
  ];
  for (const [what, alert, by, chain] of cases) {
    const script = upToCertificate(server, { host: "localhost", roots: [by.key], seed: device.seed }, chain);
    assert.deepEqual(script.alerts, alert === undefined ? [] : [alert], what);
    assert.equal(script.client.state, alert === undefined ? State.WaitCv : State.Failed, what);
  }
});

const forged = (): Promise<Buffer> => der({ subject: server, issuer: other, issuerName: "CN=Middle" });

describe("real servers", () => {
  const files = new Files();
  const peers: Peer[] = [];
  let key: string;
  let cert: string;

  before(async () => {
    key = files.put("own.key", server.pem);
    cert = files.put("own.pem", (await certify({ subject: server })).toString("pem"));
  });
  after(async () => {
    await Promise.all(peers.map((peer) => peer.stop()));
    files.remove();
  });

  /** A full handshake, then two that resume if the server gives so many tickets. */
  async function connect(port: number, resumptions: readonly number[]): Promise<void> {
    const client = own();
    for (const [at, preShared] of [0, ...resumptions].entries()) {
      const socket = new TlsSocket(client, port, { ...pinned, clock: at * 1000 });
      await socket.connected();
      assert.equal(client.guest.preShared(), preShared);
      await socket.until(() => client.guest.ticketKept() !== 0 || preShared !== 0, "ticket");
      await socket.close();
    }
  }

  test("openssl s_server", { skip: missing("openssl") }, async () => {
    peers.push(await openssl(["-key", key, "-cert", cert]));
    await connect(peers.at(-1)!.port, [1, 1]);
  });

  test("gnutls-serv", { skip: missing("gnutls-serv") }, async () => {
    const args = ["--echo", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"];
    peers.push(await gnutls([...args, "--x509keyfile", key, "--x509certfile", cert]));
    await connect(peers.at(-1)!.port, [1]);
  });

  test("Node", async () => {
    const certificate = (await certify({ subject: server })).toString("pem");
    const listening = tls.createServer({ key: server.pem, cert: certificate }, (socket) => {
      socket.on("error", () => {});
      socket.resume();
    });
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    after(() => listening.close());
    await connect((listening.address() as AddressInfo).port, [1]);
  });
});
