/** The client against Node's TLS (OpenSSL) over a real socket. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { TlsClient } from "./client.ts";
import { State } from "../../tools/tls/client.ts";
import { certify, identity, type Identity } from "./identities.ts";
import { startEcho } from "./peers.ts";
import { TlsSocket } from "./socket.ts";

let server: Identity;
let device: Identity;
let certificate: string;

before(async () => {
  server = await identity("server");
  device = await identity("device");
  certificate = (await certify({ subject: server })).toString("pem");
});

/** Serve TLS on a free port; each connection goes to `handler`. */
async function serve(handler: (socket: tls.TLSSocket) => void, options: tls.TlsOptions = {}): Promise<tls.Server> {
  const listening = tls.createServer(
    {
      key: server.pem,
      cert: certificate,
      minVersion: "TLSv1.3",
      requestCert: true,
      rejectUnauthorized: false,
      ...options,
    },
    (socket) => {
      socket.on("error", () => {});
      handler(socket);
    },
  );
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  after(() => listening.close());
  return listening;
}

const portOf = (listening: tls.Server): number => (listening.address() as AddressInfo).port;

test("every connection after the first resumes with a server set up as ours is", async () => {
  const echo = await startEcho(server);
  after(() => echo.close());
  const client = new TlsClient();
  for (let connections = 0; connections < 4; connections++) {
    const clock = connections * 1000;
    const settings = { host: "localhost", pins: [server.key], seed: device.seed, clock };
    const socket = new TlsSocket(client, echo.port, settings);
    await socket.connected();
    assert.equal(client.guest.preShared(), Number(connections > 0));
    socket.write(Buffer.from("a reading"));
    await socket.until(() => socket.received.length >= 9, "echo");
    await socket.close();
  }
  assert.deepEqual(echo.shown, Array<Uint8Array>(4).fill(device.key));
});

test("full handshake with the device's certificate, data both ways, clean close", async () => {
  let peer: Buffer | undefined;
  const listening = await serve((socket) => {
    peer = socket.getPeerX509Certificate()?.publicKey.export({ format: "der", type: "spki" });
    socket.pipe(socket);
  });
  const client = new TlsSocket(new TlsClient(), portOf(listening), {
    host: "localhost",
    pins: [server.key],
    seed: device.seed,
  });
  await client.connected();
  client.write(Buffer.from("a reading"));
  await client.until(() => client.received.length >= 9, "echo");
  assert.equal(client.received.toString(), "a reading");
  assert.deepEqual(peer?.subarray(12), device.key);
  await client.close();
  assert.equal(client.client.state, State.Closed);
});
