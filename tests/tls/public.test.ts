// weight: 14 s, 1 core
/** The choice `public`: servers with keys on P-256 and P-384 and with RSA keys, pinned, or below an authority of any of these. */
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import tls from "node:tls";
import type { AddressInfo } from "node:net";
import { State, type Settings } from "../../tools/tls/client.ts";
import { TlsClient } from "./client.ts";
import {
  caExtensions,
  certify,
  identity,
  p256Identity,
  p384Identity,
  rsaIdentity,
  type Identity,
  type Wish,
} from "./identities.ts";
import { missing as withoutBroker } from "../../tools/demo/broker.ts";
import { broker } from "../server/broker.ts";
import { Files, gnutls, missing, openssl, type Peer } from "./peers.ts";
import { Script } from "./script.ts";
import { Alert, flipped } from "./sins.ts";
import { TlsSocket } from "./socket.ts";

const PUBLIC = "TLS_PUBLIC=1";
const Scheme = { pkcs1: 0x0401, p256: 0x0403, p384: 0x0503, pss: 0x0804, pss384: 0x0805, ed25519: 0x0807 } as const;

/** The keys of a server, by their name. */
type KeyName = "Ed25519" | "P-256" | "P-384" | "RSA-2048" | "RSA-4096";
const keys = {} as Record<KeyName, Identity>;
/** The scheme by which each key signs a handshake. */
const SCHEMES: Record<KeyName, number> = {
  Ed25519: Scheme.ed25519,
  "P-256": Scheme.p256,
  "P-384": Scheme.p384,
  "RSA-2048": Scheme.pss,
  "RSA-4096": Scheme.pss,
};
const NAMES = Object.keys(SCHEMES) as KeyName[];

let device: Identity;
let authority: Identity;
let root: Identity;

const pem = async (wish: Wish): Promise<string> => (await certify(wish)).toString("pem");
const der = async (wish: Wish): Promise<Buffer> => Buffer.from((await certify(wish)).rawData);
const wide = (): TlsClient => new TlsClient(PUBLIC);

before(async () => {
  keys.Ed25519 = await identity("server");
  keys["P-256"] = await p256Identity();
  keys["P-384"] = await p384Identity();
  keys["RSA-2048"] = await rsaIdentity();
  keys["RSA-4096"] = await rsaIdentity(4096);
  authority = await rsaIdentity(3072);
  root = await p384Identity();
  device = await identity("device");
});

const pinnedTo = (who: Identity): Settings => ({ host: "localhost", pins: [who.key], seed: device.seed });

/** A server up to its certificates, raw if there are none. */
function upToCertificate(who: Identity, settings: Settings, certificates?: Buffer[], client = wide()): Script {
  const script = new Script(who, settings, client);
  script.helloDone();
  script.send(script.encryptedExtensions(certificates ? [] : [[20, "02"]]));
  script.send(script.certificate(certificates ?? [script.rawKey]));
  return script;
}

test("the hello offers PKCS#1 for certificates only", () => {
  const script = new Script(keys["P-256"], pinnedTo(keys["P-256"]), wide());
  assert.equal(script.offered(13)!.toString("hex"), "00080807040305030804");
  assert.equal(script.offered(50)!.toString("hex"), "000c080704030503040105010601");
});

test("a raw key of each kind, and a certificate around it, are taken by the pin", async () => {
  for (const name of NAMES) {
    for (const certificates of [undefined, [await der({ subject: keys[name] })]]) {
      const script = upToCertificate(keys[name], pinnedTo(keys[name]), certificates);
      script.send(script.certificateVerify(SCHEMES[name]));
      script.finish();
      assert.ok(script.connected, name);
    }
  }
});

test("a client without these rows", () => {
  for (const name of ["P-384", "RSA-2048"] as const)
    for (const use of ["", "TLS_P256=1"]) {
      const script = upToCertificate(keys[name], pinnedTo(keys[name]), undefined, new TlsClient(use));
      assert.deepEqual(script.alerts, [Alert.UnsupportedCertificate], `${name} ${use}`);
    }
});

test("RSA keys of another form or size", () => {
  const spki = (options: object): Buffer =>
    generateKeyPairSync("rsa", { modulusLength: 2048, ...options }).publicKey.export({ format: "der", type: "spki" });
  const good = createPublicKey(keys["RSA-2048"].pem).export({ format: "der", type: "spki" });
  const cases: [what: string, key: Buffer][] = [
    ["1,024 bits", spki({ modulusLength: 1024 })],
    ["2,056 bits", spki({ modulusLength: 2056 })],
    ["exponent 3", spki({ publicExponent: 3 })],
    ["a bit of its algorithm", flipped(good, 17)],
    ["a bit of an inner length", flipped(good, 22)],
    ["a negative modulus", flipped(good, 32)],
  ];
  for (const [what, key] of cases) {
    const script = new Script(keys["RSA-2048"], pinnedTo(keys["RSA-2048"]), wide());
    script.helloDone();
    script.send(script.encryptedExtensions([[20, "02"]]), script.certificate([key]));
    assert.deepEqual(script.alerts, [Alert.UnsupportedCertificate], what);
  }
});

test("CertificateVerify: forbidden contents", () => {
  type Case = [what: string, alert: number, key: KeyName, say: (script: Script) => Buffer];
  const cases: Case[] = NAMES.flatMap((name): Case[] => [
    [`${name}: a bit is flipped`, Alert.DecryptError, name, (s) => flipped(s.certificateVerify(SCHEMES[name]), 70)],
    [
      `${name}: the client's context`,
      Alert.DecryptError,
      name,
      (s) => s.certificateVerify(SCHEMES[name], undefined, "client"),
    ],
    ...NAMES.filter((other) => SCHEMES[other] !== SCHEMES[name]).map((other): Case => [
      `${name} by the scheme of ${other}`,
      Alert.IllegalParameter,
      name,
      (s) => s.certificateVerify(SCHEMES[other], keys[other].pem),
    ]),
  ]);
  cases.push(
    ["PKCS#1", Alert.IllegalParameter, "RSA-2048", (s) => s.certificateVerify(Scheme.pkcs1)],
    ["PSS with SHA-384", Alert.IllegalParameter, "RSA-2048", (s) => s.certificateVerify(Scheme.pss384)],
    ["another key's", Alert.DecryptError, "RSA-2048", (s) => s.certificateVerify(Scheme.pss, authority.pem)],
  );
  for (const [what, alert, name, say] of cases) {
    const script = upToCertificate(keys[name], pinnedTo(keys[name]));
    script.send(say(script));
    assert.deepEqual(script.alerts, [alert], what);
  }
});

test("chains of all algorithms, up to an authority that is pinned", async () => {
  const high = { name: "CN=Root", extensions: caExtensions() };
  const middle = { name: "CN=Middle", issuerName: "CN=Root", extensions: caExtensions(0) };
  const leafOf = (subject: Identity, issuer: Identity, hash?: Wish["hash"]): Promise<Buffer> =>
    der({ subject, issuer, issuerName: "CN=Middle", ...(hash && { hash }) });
  const ecdsa = await der({ subject: keys["P-384"], issuer: root, hash: "SHA-384", ...middle });
  const byRsa = await der({ subject: keys["P-384"], issuer: authority, hash: "SHA-512", ...middle });
  const rsa = await der({ subject: authority, issuer: keys["RSA-4096"], hash: "SHA-384", ...middle });
  const big = await der({ subject: keys["RSA-4096"], ...high });
  const roots = await der({ subject: root, hash: "SHA-384", ...high });
  const p256 = await leafOf(keys["P-256"], keys["P-384"], "SHA-384");
  const cases: [what: string, alert: number | undefined, root: Identity, chain: Buffer[]][] = [
    ["P-256 <- P-384", undefined, keys["P-384"], [p256, ecdsa]],
    ["P-256 <- P-384 <- P-384", undefined, root, [p256, ecdsa, roots]],
    ["P-256 <- P-384 by RSA, which is not sent", Alert.UnknownCa, authority, [p256, byRsa]],
    ["RSA <- RSA", undefined, authority, [await leafOf(keys["RSA-2048"], authority), rsa]],
    ["RSA <- RSA <- RSA-4096", undefined, keys["RSA-4096"], [await leafOf(keys["RSA-2048"], authority), rsa, big]],
    ["Ed25519 <- RSA, SHA-512", undefined, authority, [await leafOf(keys.Ed25519, authority, "SHA-512"), rsa]],
    ["another root", Alert.UnknownCa, keys["P-256"], [p256, ecdsa]],
    ["a flipped bit, ECDSA", Alert.BadCertificate, root, [flipped(p256, p256.length - 5), ecdsa, roots]],
    [
      "a flipped bit, RSA",
      Alert.BadCertificate,
      authority,
      [flipped(await leafOf(keys["RSA-2048"], authority), 700), rsa],
    ],
    [
      "another key's signature",
      Alert.BadCertificate,
      root,
      [await leafOf(keys["P-256"], root, "SHA-384"), ecdsa, roots],
    ],
  ];
  for (const [what, alert, by, chain] of cases) {
    const script = upToCertificate(keys["P-256"], { host: "localhost", roots: [by.key], seed: device.seed }, chain);
    assert.deepEqual(script.alerts, alert === undefined ? [] : [alert], what);
    assert.equal(script.client.state, alert === undefined ? State.WaitCv : State.Failed, what);
  }
});

describe("real servers, with a chain up to a root", () => {
  const files = new Files();
  const peers: Peer[] = [];
  /** The server's key, and its chain in PEM: leaf, intermediate, root. */
  const chains: { name: KeyName; anchor: Buffer; key: string; leaf: string; above: string }[] = [];

  before(async () => {
    const high = { name: "CN=Root", extensions: caExtensions() };
    const middle = { name: "CN=Middle", issuerName: "CN=Root", extensions: caExtensions(0) };
    const last = await pem({ subject: root, hash: "SHA-384", ...high });
    const second = await pem({ subject: authority, issuer: root, hash: "SHA-384", ...middle });
    for (const name of ["RSA-2048", "P-256"] as const) {
      const first = await pem({ subject: keys[name], issuer: authority, issuerName: "CN=Middle" });
      chains.push({ name, anchor: root.key, key: keys[name].pem, leaf: first, above: `${second}\n${last}` });
    }
  });
  after(async () => {
    await Promise.all(peers.map((peer) => peer.stop()));
    files.remove();
  });

  /** A full handshake, then one that resumes; `talk` says something on each. */
  async function connect(port: number, anchor: Buffer, talk?: (socket: TlsSocket) => Promise<void>): Promise<void> {
    const client = wide();
    for (const preShared of [0, 1]) {
      const settings = { host: "localhost", roots: [anchor], seed: device.seed, clock: preShared * 1000 };
      const socket = new TlsSocket(client, port, settings);
      await socket.connected();
      assert.equal(client.guest.preShared(), preShared);
      await socket.until(() => client.guest.ticketKept() !== 0 || preShared !== 0, "ticket");
      await talk?.(socket);
      await socket.close();
    }
  }

  test("openssl s_server", { skip: missing("openssl") }, async () => {
    for (const { name, anchor, key, leaf, above } of chains) {
      const own = ["-key", files.put(`${name}.key`, key), "-cert", files.put(`${name}.pem`, leaf)];
      peers.push(await openssl([...own, "-cert_chain", files.put("above.pem", above)]));
      await connect(peers.at(-1)!.port, anchor);
    }
  });

  test("gnutls-serv", { skip: missing("gnutls-serv") }, async () => {
    const args = ["--echo", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"];
    for (const { name, anchor, key, leaf, above } of chains) {
      const own = ["--x509keyfile", files.put(`${name}.key`, key)];
      own.push("--x509certfile", files.put(`${name}.chain`, `${leaf}\n${above}`));
      peers.push(await gnutls([...args, ...own]));
      await connect(peers.at(-1)!.port, anchor);
    }
  });

  test("mosquitto: a client of MQTT is let in", { skip: withoutBroker() }, async (t) => {
    for (const { name, anchor, key, leaf, above } of chains) {
      const own = `keyfile ${files.put(`${name}.key`, key)}\ncertfile ${files.put(`${name}.chain`, `${leaf}\n${above}`)}\n`;
      const { url } = await broker(t, `allow_anonymous true\n${own}`);
      await connect(Number(new URL(url).port), anchor, async (socket) => {
        // CONNECT of MQTT 3.1.1: a clean session, 60 s, the client "d".
        socket.write(Buffer.from("100d00044d5154540402003c000164", "hex"));
        await socket.until(() => socket.received.length >= 4, "CONNACK");
        assert.equal(socket.received.toString("hex"), "20020000");
      });
    }
  });

  test("Node", async () => {
    for (const { anchor, key, leaf, above } of chains) {
      const listening = tls.createServer({ key, cert: `${leaf}\n${above}` }, (socket) => {
        socket.on("error", () => {});
        socket.resume();
      });
      await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
      after(() => listening.close());
      await connect((listening.address() as AddressInfo).port, anchor);
    }
  });
});
