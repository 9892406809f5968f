/** A second row: a suite with SHA-512 under a number for private use, in a guest compiled for it. The first row works beside it. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { TlsClient } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { identity, type Identity } from "./identities.ts";
import { Content, Kind, Script, message } from "./script.ts";
import { CHACHA20_POLY1305_SHA256, Suite } from "./suite.ts";
import { Alert } from "./sins.ts";

const LAB = new Suite(0xff13, "sha512");
const ROWS = [CHACHA20_POLY1305_SHA256, LAB];
/** How many records a key of the lab's suite may protect, and how many of them are kept for the update. */
const LIMIT = 32;
const KEPT = 4;

let server: Identity;
let settings: Settings;

before(async () => {
  server = await identity("server");
  const device = await identity("device");
  settings = { host: "localhost", pins: [server.key], seed: device.seed };
});

/** A connection with a server that chooses this suite. */
function begin(suite: Suite, client = new TlsClient("TLS_LAB_SUITE=1"), clock = 0): Script {
  return new Script(server, { ...settings, clock }, client, suite);
}

/** Say something each way. */
function talk(script: Script): void {
  script.client.write(Buffer.from("up"));
  script.listen();
  assert.equal(script.data.toString(), "up");
  script.raw(script.record(Content.ApplicationData, Buffer.from("down")));
  assert.equal(script.read.toString(), "down");
}

/** A connection that left a ticket with its client. */
function leaveTicket(suite: Suite): { client: TlsClient; psk: Buffer } {
  const script = begin(suite);
  script.connect();
  const { message: ticket, psk } = script.ticket(Buffer.from("an opaque ticket"));
  script.raw(script.record(Content.Handshake, ticket));
  assert.equal(script.client.guest.ticketKept(), 1);
  return { client: script.client, psk };
}

for (const suite of ROWS) {
  const name = `suite ${suite.number.toString(16)}`;

  test(`${name}: a handshake with the device's certificate, data and key updates`, () => {
    const script = begin(suite);
    assert.equal(script.hello.subarray(71, 77).toString("hex"), "00041303ff13");
    script.helloDone();
    script.send(script.encryptedExtensions([[20, "02"]]), script.certificateRequest());
    script.send(script.certificate([script.rawKey]));
    script.send(script.certificateVerify());
    script.finish();
    assert.ok(script.connected);
    const [, , finished] = script.messages;
    assert.equal(finished!.length, 4 + suite.zeros.length);
    talk(script);
    const update = script.record(Content.Handshake, message(Kind.KeyUpdate, Buffer.from([1])));
    script.updateKeys();
    script.raw(update);
    script.data = Buffer.alloc(0);
    script.read = Buffer.alloc(0);
    talk(script);
  });

  test(`${name}: a retry with a cookie`, () => {
    const script = begin(suite);
    script.retry();
    script.connect();
    assert.ok(script.connected);
    talk(script);
  });

  test(`${name}: a retry whose suite is not that of the hello that follows`, () => {
    const script = begin(suite);
    script.retry();
    script.send(script.serverHello({ suite: ROWS.find((row) => row !== suite)!.number }));
    assert.deepEqual(script.alerts, [Alert.IllegalParameter]);
  });

  test(`${name}: a ticket resumes`, () => {
    const { client, psk } = leaveTicket(suite);
    const script = begin(suite, client, 1000);
    script.psk = psk;
    script.helloDone({ extensions: [[43, "0304"], script.shareExtension(), [41, "0000"]] });
    script.send(script.encryptedExtensions());
    script.finish();
    assert.ok(script.connected);
    assert.equal(script.client.guest.preShared(), 1);
    talk(script);
  });

  test(`${name}: a ticket's key under a suite with another hash`, () => {
    const { client } = leaveTicket(suite);
    const script = begin(
      ROWS.find((row) => row !== suite)!,
      client,
      1000,
    );
    script.send(script.serverHello({ extensions: [[43, "0304"], script.shareExtension(), [41, "0000"]] }));
    assert.deepEqual(script.alerts, [Alert.IllegalParameter]);
    assert.equal(client.guest.ticketKept(), 0);
  });

  test(`${name}: a ticket is dropped from the hello if a retry chooses a suite with another hash`, () => {
    const { client } = leaveTicket(suite);
    const script = begin(
      ROWS.find((row) => row !== suite)!,
      client,
      1000,
    );
    assert.ok(script.offered(41));
    script.retry();
    assert.equal(script.offered(41), undefined);
    script.connect();
    assert.ok(script.connected);
    assert.equal(client.guest.preShared(), 0);
    assert.equal(client.guest.ticketKept(), 0);
    talk(script);
  });
}

test("a suite with a limit on its records: the client changes its key before", () => {
  for (const suite of ROWS) {
    const script = begin(suite);
    script.connect();
    for (let sent = 0; sent < 3 * LIMIT; sent++) {
      assert.equal(script.client.write(Buffer.from("x")), 1);
      script.listen();
    }
    assert.equal(script.data.length, 3 * LIMIT);
    const updates = script.messages.filter(([kind]) => kind === Kind.KeyUpdate).length;
    assert.equal(updates, suite === LAB ? Math.floor((3 * LIMIT - 1) / (LIMIT - KEPT)) : 0);
    assert.equal(script.client.state, State.Connected);
  }
});
