// weight: 8 s, 0.8 cores
/** The choice `tickets`: two tickets of a server are kept, and each is used once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import type { Settings } from "../../tools/tls/client.ts";
import { TlsClient } from "./client.ts";
import { certify, identity, type Identity } from "./identities.ts";
import { Content, Script } from "./script.ts";
import { TlsSocket } from "./socket.ts";

const TWO = "TLS_TWO_TICKETS=1";

let server: Identity;
let settings: Settings;

before(async () => {
  server = await identity("server");
  settings = { host: "localhost", pins: [server.key] };
});

/** Give a client a ticket; returns its pre-shared key. */
function give(script: Script, text: string): Buffer {
  const { message, psk } = script.ticket(Buffer.from(text), 3600, Buffer.from(text));
  script.raw(script.record(Content.Handshake, message));
  return psk;
}

/** A server whose client is connected and has these tickets. */
function connected(texts: readonly string[]): { script: Script; keys: Buffer[] } {
  const script = new Script(server, settings, new TlsClient(TWO));
  script.connect();
  return { script, keys: texts.map((text) => give(script, text)) };
}

/** The tickets of a client, as far as they are among these. */
function kept({ client }: Script, texts: readonly string[]): string[] {
  return texts.filter((text) => client.ticket.includes(text));
}

/** The next connection of a client; `psk` is the key of the ticket that it must offer. */
function resume(client: TlsClient, text: string, psk: Buffer): Script {
  const script = new Script(server, settings, client);
  assert.ok(script.offered(41)!.includes(text), text);
  script.psk = psk;
  script.helloDone({ extensions: [[43, "0304"], script.shareExtension(), [41, "0000"]] });
  script.send(script.encryptedExtensions());
  script.finish();
  assert.ok(script.connected);
  return script;
}

test("two are kept, then the resumption secret is wiped; each is offered once, and a later one takes its place", () => {
  const ALL = ["first", "second", "third", "fourth"];
  const script = new Script(server, settings, new TlsClient(TWO));
  script.connect();
  const holdsSecret = (): boolean => Buffer.from(script.client.guest.memory.buffer).includes(script.resumption);
  const first = give(script, "first");
  assert.ok(holdsSecret());
  const second = give(script, "second");
  assert.ok(!holdsSecret());
  give(script, "third");
  assert.deepEqual(kept(script, ALL), ["first", "second"]);
  const again = resume(script.client, "first", first);
  assert.deepEqual(kept(again, ALL), ["second"]);
  const fourth = give(again, "fourth");
  assert.deepEqual(kept(again, ALL), ["second", "fourth"]);
  // A KeyUpdate still has a place beside two tickets.
  const update = again.record(Content.Handshake, Buffer.from([24, 0, 0, 1, 0]));
  again.updateKeys();
  again.raw(update);
  assert.ok(again.connected);
  resume(again.client, "fourth", fourth);
  const last = resume(again.client, "second", second);
  assert.deepEqual(kept(last, ALL), []);
  assert.equal(new Script(server, settings, last.client).offered(41), undefined);
});

test("a ticket that is cut off by the end of its connection leaves nothing, and the other one stays", () => {
  const { script, keys } = connected(["first"]);
  const { message } = script.ticket(Buffer.from("second ticket"), 3600);
  script.raw(script.record(Content.Handshake, message.subarray(0, -3)));
  script.client.guest.abandon();
  assert.deepEqual(kept(script, ["first", "second"]), ["first"]);
  resume(script.client, "first", keys[0]!);
});

test("a ticket whose server refuses it is gone, the other one is offered next", () => {
  const { script, keys } = connected(["first", "second"]);
  const refused = new Script(server, settings, script.client);
  refused.raw(Buffer.from([21, 3, 3, 0, 2, 2, 40]));
  assert.deepEqual(kept(refused, ["first", "second"]), ["second"]);
  resume(script.client, "second", keys[1]!);
});

test("both are wiped for another host, and for another pin", async () => {
  const other = await identity("other");
  for (const change of [{ host: "elsewhere" }, { pins: [other.key] }]) {
    const { script } = connected(["first", "second"]);
    script.client.start({ ...settings, ...change });
    assert.deepEqual(kept(script, ["first", "second"]), []);
  }
});

test("a server as Node makes it gives two tickets, and none to a client that resumes", async () => {
  const cert = (await certify({ subject: server })).toString("pem");
  const listening = tls.createServer({ key: server.pem, cert, minVersion: "TLSv1.3" }, (socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  after(() => listening.close());
  const resumed = { "": [0, 1, 0, 1, 0, 1], [TWO]: [0, 1, 1, 0, 1, 1] };
  for (const [use, expected] of Object.entries(resumed)) {
    const client = new TlsClient(use);
    for (const [at, wanted] of expected.entries()) {
      const { port } = listening.address() as AddressInfo;
      const socket = new TlsSocket(client, port, { ...settings, clock: at * 1000 });
      await socket.connected();
      assert.equal(client.guest.preShared(), wanted, `${use} connection ${at}`);
      socket.write(Buffer.from("a reading"));
      await socket.until(() => socket.received.length >= 9, "echo");
      await socket.close();
    }
  }
});
