// weight: 10 s, 0.7 cores
/** The rows of the choice `cloud`: TLS_AES_128_GCM_SHA256, and key exchange on P-256 after a HelloRetryRequest. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Status } from "../../assembly/lib/status.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { TlsClient } from "./client.ts";
import { certify, identity, p256Identity, type Identity } from "./identities.ts";
import { Files, missing, openssl, type Peer } from "./peers.ts";
import { Content, Kind, Script, message, type Extension } from "./script.ts";
import { Alert, flipped } from "./sins.ts";
import { TlsSocket } from "./socket.ts";
import { AES_128_GCM_SHA256, CHACHA20_POLY1305_SHA256, type Suite } from "./suite.ts";

const CLOUD = "TLS_PUBLIC=1,TLS_AES128=1,TLS_SECP256R1=1";
const SUITES = [CHACHA20_POLY1305_SHA256, AES_128_GCM_SHA256];
const VERSION: Extension = [43, "0304"];
const COOKIE: Extension = [44, "00026869"];
const askFor = (group: string): Extension => [51, group];
const P256 = askFor("0017");

let server: Identity;
let settings: Settings;

before(async () => {
  server = await identity("server");
  settings = { host: "localhost", pins: [server.key], seed: (await identity("device")).seed };
});

function begin(suite: Suite = AES_128_GCM_SHA256, client = new TlsClient(CLOUD), clock = 0): Script {
  return new Script(server, { ...settings, clock }, client, suite);
}

/** A server that asks for a share on P-256. */
function retried(script = begin(), more: Extension[] = []): Script {
  script.retry({ extensions: [VERSION, P256, ...more] });
  script.useP256();
  return script;
}

/** Say something each way. */
function talk(script: Script): void {
  script.data = Buffer.alloc(0);
  script.read = Buffer.alloc(0);
  script.client.write(Buffer.from("up"));
  script.listen();
  assert.equal(script.data.toString(), "up");
  script.raw(script.record(Content.ApplicationData, Buffer.from("down")));
  assert.equal(script.read.toString(), "down");
}

test("the hello offers both suites and both groups, and a share of X25519 alone", () => {
  const script = begin();
  assert.equal(script.hello.subarray(71, 77).toString("hex"), "000413031301");
  assert.equal(script.offered(10)!.toString("hex"), "0004001d0017");
  assert.equal(script.offered(51)!.subarray(0, 6).toString("hex"), "0024001d0020");
});

for (const suite of SUITES)
  for (const [name, start] of [
    ["at once", (): Script => begin(suite)],
    [
      "after a retry with a cookie",
      (): Script => {
        const script = begin(suite);
        script.retry();
        return script;
      },
    ],
    ["after a retry for P-256", (): Script => retried(begin(suite))],
    ["after a retry for P-256 with a cookie", (): Script => retried(begin(suite), [COOKIE])],
  ] as const)
    test(`suite ${suite.number.toString(16)}, ${name}: handshake, data, key updates, ticket`, () => {
      const script = start();
      script.helloDone();
      script.send(script.encryptedExtensions([[20, "02"]]), script.certificateRequest());
      script.send(script.certificate([script.rawKey]));
      script.send(script.certificateVerify());
      script.finish();
      assert.ok(script.connected);
      talk(script);
      const update = script.record(Content.Handshake, message(Kind.KeyUpdate, Buffer.from([1])));
      script.updateKeys();
      script.raw(update);
      talk(script);
      const { message: ticket, psk } = script.ticket(Buffer.from("an opaque ticket"));
      script.raw(script.record(Content.Handshake, ticket));
      // Both suites have one hash: the server may resume under either.
      for (const other of SUITES) {
        const copy = new TlsClient(CLOUD);
        copy.ticket = script.client.ticket;
        const again = begin(other, copy, 1000);
        again.psk = psk;
        again.helloDone({ extensions: [VERSION, again.shareExtension(), [41, "0000"]] });
        again.send(again.encryptedExtensions());
        again.finish();
        assert.ok(again.connected);
        talk(again);
      }
    });

test("a second hello has the random and the session of the first, and a share on P-256 alone", () => {
  const script = begin();
  const first = script.hello;
  retried(script);
  assert.deepEqual(script.hello.subarray(4, 77), first.subarray(4, 77));
  assert.equal(script.offered(51)!.subarray(0, 7).toString("hex"), "00450017004104");
});

test("a bit of a record's tag is flipped", () => {
  const script = begin();
  script.connect();
  script.raw(flipped(script.record(Content.ApplicationData, Buffer.from("down")), 20));
  assert.deepEqual(script.alerts, [Alert.BadRecordMac]);
  assert.equal(script.read.length, 0);
});

test("retries that are refused, and hellos behind a retry", () => {
  const x25519 = Buffer.concat([Buffer.from("001d0020", "hex"), Buffer.alloc(32, 9)]);
  const point = (bytes: Uint8Array): Extension => [51, Buffer.concat([Buffer.from([0, 0x17, 0, bytes.length]), bytes])];
  const retry = (list: Extension[]) => (script: Script) => script.retry({ extensions: [VERSION, ...list] });
  const hello = (list: Extension[]) => (script: Script) => {
    retried(script);
    script.send(script.serverHello({ extensions: [VERSION, ...list] }));
  };
  const bad = Buffer.alloc(65, 5);
  bad[0] = 4;
  const cases: [what: string, alert: number, say: (script: Script) => void, use?: string][] = [
    ["a group whose share was sent", Alert.IllegalParameter, retry([askFor("001d")])],
    ["a group that was not offered", Alert.IllegalParameter, retry([askFor("0018")])],
    ["two groups", Alert.IllegalParameter, retry([P256, P256])],
    ["a group that is cut", Alert.DecodeError, retry([askFor("00")])],
    ["a group with a share", Alert.DecodeError, retry([askFor("00170000")])],
    ["nothing", Alert.IllegalParameter, retry([])],
    ["P-256, of a client without it", Alert.IllegalParameter, retry([P256]), "TLS_PUBLIC=1"],
    ["P-256 twice", Alert.UnexpectedMessage, (script) => (retried(script), script.send(script.retryRequest()))],
    ["X25519 after a retry for P-256", Alert.IllegalParameter, hello([[51, x25519]])],
    ["a point that is not on the curve", Alert.IllegalParameter, hello([point(bad)])],
    ["a share that is too short", Alert.IllegalParameter, hello([point(bad.subarray(0, 64))])],
    ["no share", Alert.MissingExtension, hello([])],
    [
      "P-256 without a retry",
      Alert.IllegalParameter,
      (script) => script.send(script.serverHello({ extensions: [VERSION, point(bad)] })),
    ],
  ];
  for (const [what, alert, say, use = CLOUD] of cases) {
    const suite = use === CLOUD ? AES_128_GCM_SHA256 : CHACHA20_POLY1305_SHA256;
    const script = begin(suite, new TlsClient(use));
    say(script);
    assert.deepEqual(script.alerts, [alert], what);
    assert.equal(script.client.state, State.Failed, what);
  }
});

test("AES of a client without it", () => {
  const script = begin(AES_128_GCM_SHA256, new TlsClient("TLS_PUBLIC=1"));
  script.send(script.serverHello());
  assert.deepEqual(script.alerts, [Alert.IllegalParameter]);
});

describe("openssl s_server with AES and P-256 alone", { skip: missing("openssl") }, () => {
  const files = new Files();
  let peer: Peer;
  after(async () => {
    await peer?.stop();
    files.remove();
  });

  test("full, key updates of both sides, 20 KB both ways, clean close; later connections resume", async () => {
    const own = await p256Identity();
    const cert = files.put("leaf.pem", (await certify({ subject: own })).toString("pem"));
    const rows = ["-ciphersuites", "TLS_AES_128_GCM_SHA256", "-groups", "P-256", "-state"];
    peer = await openssl(["-key", files.put("leaf.key", own.pem), "-cert", cert, ...rows]);
    const client = new TlsClient(CLOUD);
    for (let at = 0; at < 3; at++) {
      const socket = new TlsSocket(client, peer.port, { host: "localhost", pins: [own.key], clock: at * 1000 });
      await socket.connected();
      assert.equal(client.guest.preShared(), Number(at > 0));
      const seen = peer.output.length;
      await peer.update("K");
      assert.equal(client.guest.update(), Status.Ok);
      const text = `${"x".repeat(99)}\n`.repeat(200) + `end of ${at}\n`;
      socket.write(Buffer.from(text));
      await peer.printed(`end of ${at}`, seen);
      peer.type(text);
      await socket.until(() => socket.received.length >= text.length, "20 KB");
      assert.equal(socket.received.toString(), text);
      await socket.close();
      assert.equal(client.state, State.Closed);
    }
    await peer.printed("TLS_AES_128_GCM_SHA256");
  });
});
