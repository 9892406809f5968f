/** The attacks of a module on the bytes: they can only break the connection. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { TlsClient } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { identity, type Identity } from "./identities.ts";
import { Content, Script } from "./script.ts";

let server: Identity;
let settings: Settings;

before(async () => {
  server = await identity("server");
  const device = await identity("device");
  settings = { host: "localhost", pins: [server.key], seed: device.seed, random: Buffer.alloc(128, 42) };
});

/** The server's records of a good handshake and two records of data, as they were sent to a client with these settings. */
function recording(): Buffer[] {
  const script = new Script(server, settings);
  const records: Buffer[] = [];
  const raw = script.raw.bind(script);
  script.raw = (bytes, chunk) => {
    records.push(Buffer.from(bytes));
    raw(bytes, chunk);
  };
  script.connect();
  script.raw(script.record(Content.ApplicationData, Buffer.from("first answer")));
  script.raw(script.record(Content.ApplicationData, Buffer.from("second answer")));
  assert.ok(script.connected);
  assert.equal(script.read.toString(), "first answersecond answer");
  return records;
}

/** A client that made the same hello as the recorded one gets these records; what it read, and where it ended. */
function replay(records: Buffer[], chunk?: number): { client: TlsClient; read: string } {
  const client = new TlsClient();
  client.start(settings);
  client.drain();
  let read = "";
  for (const record of records) read += client.feed(record, chunk).toString();
  return { client, read };
}

test("the same bytes make the same connection, in any pieces", () => {
  const records = recording();
  for (const chunk of [1, 2, 3, 5, 17, 2048]) {
    const { client, read } = replay([Buffer.concat(records)], chunk);
    assert.equal(client.state, State.Connected);
    assert.equal(read, "first answersecond answer");
  }
});

test("a flipped bit in any byte of any record: no connection, or no data of that record", () => {
  const records = recording();
  const handshake = records.length - 2;
  for (const [index, record] of records.entries()) {
    for (let at = 0; at < record.length; at++) {
      // legacy_record_version must be ignored in the clear; under keys it is authenticated.
      const ignored = index === 0 && (at === 1 || at === 2);
      const flipped = records.map((whole) => Buffer.from(whole));
      flipped[index]![at]! ^= 1 << (at % 8);
      const { client, read } = replay(flipped);
      if (ignored) continue;
      assert.equal(read, ["", "first answer"][Math.max(0, index - handshake)], `record ${index}, byte ${at}`);
      const waits = client.state < State.Connected && client.guest.alert() === 256;
      assert.ok(client.state === State.Failed || waits || index >= handshake, `record ${index}, byte ${at}`);
    }
  }
});

test("a record left out, twice, or out of order", () => {
  const records = recording();
  for (let i = 0; i < records.length; i++) {
    const without = records.filter((_, at) => at !== i);
    const twice = records.flatMap((record, at) => (at === i ? [record, record] : [record]));
    const swapped = [...records];
    [swapped[i], swapped[i + 1]] = [swapped[i + 1] ?? Buffer.alloc(0), swapped[i]!];
    for (const attacked of [without, twice, ...(i + 1 < records.length ? [swapped] : [])]) {
      const { client, read } = replay(attacked);
      assert.notEqual(read, "first answersecond answer".repeat(2));
      const complete = read === "first answersecond answer";
      // Only a repetition at the very end comes after all data was read; leaving out the last leaves its prefix.
      assert.ok(client.state === State.Failed || (!complete && i === records.length - 1), `record ${i}`);
    }
  }
});

test("cut anywhere: never connected early, never data that was not whole", () => {
  const stream = Buffer.concat(recording());
  for (let len = 0; len < stream.length; len += 1) {
    const { client, read } = replay([stream.subarray(0, len)]);
    assert.ok("first answersecond answer".startsWith(read));
    client.guest.peerGone();
    assert.equal(client.state, State.Failed);
  }
});

test("a recorded session replayed to another hello", () => {
  const records = recording();
  const client = new TlsClient();
  client.start({ ...settings, random: Buffer.alloc(128, 43) });
  client.drain();
  for (const record of records) client.feed(record);
  assert.equal(client.state, State.Failed);
});

test("change_cipher_spec inserted anywhere in the handshake is dropped", () => {
  const records = recording();
  const mark = Buffer.from([20, 3, 3, 0, 1, 1]);
  for (let i = 0; i < records.length - 2; i++) {
    const { client, read } = replay(records.flatMap((record, at) => (at === i ? [mark, record] : [record])));
    assert.equal(client.state, State.Connected);
    assert.equal(read, "first answersecond answer");
  }
});

test("nothing is sent to an unauthenticated server: application data is not accepted before Connected", () => {
  const script = new Script(server, settings);
  const client = script.client;
  const steps = [
    () => script.helloDone(),
    () => script.send(script.encryptedExtensions([[20, "02"]])),
    () => script.send(script.certificate([script.rawKey])),
    () => script.send(script.certificateVerify()),
    () => script.finish(),
  ];
  for (const step of steps) {
    assert.equal(client.write(Buffer.from("secret")), 0);
    step();
  }
  assert.equal(client.write(Buffer.from("secret")), 6);
  script.listen();
  assert.equal(script.data.toString(), "secret");
});

test("a peer that never answers: the client waits without work, and starts anew when told", () => {
  const client = new TlsClient();
  client.start(settings);
  assert.ok(client.drain().length > 0);
  const before = client.steps;
  client.run();
  assert.equal(client.steps, before);
  const script = new Script(server, { ...settings, random: Buffer.alloc(128, 44) }, client);
  script.connect();
  assert.ok(script.connected);
});

test("a slow drain: the client's bytes leave one at a time and nothing is lost", () => {
  const script = new Script(server, settings);
  script.connect();
  const text = Buffer.alloc(5000, "0123456789");
  let at = 0;
  const out: Buffer[] = [];
  while (at < text.length) {
    at += script.client.write(text.subarray(at));
    const len = script.client.guest.toPeer(1);
    if (len)
      out.push(
        Buffer.from(
          script.client.guest.memory.buffer.slice(script.client.guest.buffer(), script.client.guest.buffer() + len),
        ),
      );
  }
  const drain = script.client.drain.bind(script.client);
  script.client.drain = () => Buffer.concat([...out.splice(0), drain()]);
  script.listen();
  assert.ok(script.data.equals(text));
});
