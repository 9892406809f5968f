/** The client against `gnutls-serv`: raw public keys on both sides, record_size_limit 512, resumption, key update, 100 KB both ways. */
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Status } from "../../assembly/lib/status.ts";
import { TlsClient } from "./client.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { certify, identity, type Identity } from "./identities.ts";
import { Files, gnutls, missing, RAW_KEYS, type Peer } from "./peers.ts";
import { TlsSocket } from "./socket.ts";

const BULK = 100 * 1024;
const ONLY_X509 = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

describe("gnutls-serv", { skip: missing("gnutls-serv") }, () => {
  let server: Identity;
  let device: Identity;
  let pinned: Settings;
  let raw: string[];
  let x509: string[];
  const files = new Files();
  const peers: Peer[] = [];

  before(async () => {
    server = await identity("server");
    device = await identity("device");
    pinned = { host: "localhost", pins: [server.key], seed: device.seed };
    const key = files.put("server.key", server.pem);
    const spki = createPublicKey(server.pem).export({ type: "spki", format: "pem" });
    raw = ["--rawpkkeyfile", key, "--rawpkfile", files.put("server.pub", spki)];
    x509 = [
      "--x509keyfile",
      key,
      "--x509certfile",
      files.put("server.pem", (await certify({ subject: server })).toString("pem")),
    ];
  });

  after(async () => {
    await Promise.all(peers.map((peer) => peer.stop()));
    files.remove();
  });

  async function serve(args: string[], priority = RAW_KEYS): Promise<Peer> {
    const peer = await gnutls(["--echo", "--priority", priority, ...args]);
    peers.push(peer);
    return peer;
  }

  async function connect(peer: Peer, settings: Settings, client = new TlsClient()): Promise<TlsSocket> {
    const socket = new TlsSocket(client, peer.port, settings);
    await socket.connected();
    return socket;
  }

  /** Have something echoed, and close in order. */
  async function talk(socket: TlsSocket): Promise<void> {
    const from = socket.received.length;
    socket.write(Buffer.from("a reading\n"));
    await socket.until(() => socket.received.length >= from + 10, "echo");
    assert.equal(socket.received.subarray(from).toString(), "a reading\n");
    await socket.close();
    assert.equal(socket.client.state, State.Closed);
  }

  test("raw public keys on both sides", async () => {
    const peer = await serve([...raw, "--require-client-cert"]);
    await talk(await connect(peer, pinned));
    await peer.printed("Raw Public Key");
  });

  test("every connection after the first resumes", async () => {
    const peer = await serve(x509, ONLY_X509);
    const client = new TlsClient();
    for (let connections = 0; connections < 4; connections++) {
      const socket = await connect(peer, { ...pinned, clock: connections * 1000 }, client);
      assert.equal(client.guest.preShared(), Number(connections > 0));
      await talk(socket);
    }
  });

  test("X.509 on both sides", async () => {
    const peer = await serve([...x509, "--require-client-cert"], ONLY_X509);
    await talk(await connect(peer, pinned));
    await peer.printed("Certificate type: X.509");
  });

  test("record_size_limit 512: raw keys, then 100 KB both ways", async () => {
    const peer = await serve([...raw, "--recordsize", "512"]);
    const socket = await connect(peer, pinned);
    const text = Buffer.alloc(BULK, "0123456789abcdefghijklmnopqrstu\n");
    socket.write(text);
    await socket.until(() => socket.received.length >= text.length, "100 KB back");
    assert.ok(socket.received.equals(text));
    socket.received = Buffer.alloc(0);
    await talk(socket);
  });

  test("resumption", async () => {
    const peer = await serve(raw);
    const first = await connect(peer, pinned);
    await first.until(() => first.client.guest.ticketKept() !== 0, "ticket");
    await talk(first);
    const second = await connect(peer, { ...pinned, clock: 500 }, first.client);
    assert.equal(second.client.guest.preShared(), 1);
    await talk(second);
  });

  test("key update asked for by the client", async () => {
    const peer = await serve(raw);
    const socket = await connect(peer, pinned);
    assert.equal(socket.client.guest.update(), Status.Ok);
    socket.write(Buffer.from("new keys\n"));
    await socket.until(() => socket.received.length >= 8, "echo under new keys");
    await talk(socket);
  });
});
