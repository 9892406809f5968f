// weight: 10 s, 0.9 cores
/**
 * Each profile against nginx, HAProxy, Caddy, Go and Java: a full handshake, 100 KB both ways, key update, clean close, and every later connection
 * resumes. With the profile `cloud` each server demands the device's certificate.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Status } from "../../assembly/lib/status.ts";
import { CHOICES } from "../../tools/firmware/choices.ts";
import { State, type Settings } from "../../tools/tls/client.ts";
import { fixedBytes, TlsClient } from "./client.ts";
import { DAEMONS, startBackend, startDaemon, type Credential, type Daemon } from "./daemons.ts";
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
import { Files, missing, type Peer } from "./peers.ts";
import { TlsSocket } from "./socket.ts";

const BULK = 100 * 1024;
/** Go ignores max_fragment_length: it sends in one record what is written at once. Its Certificate is opened in pieces, application data is not. */
const SMALL = 700;
const USE = {
  pinned: "",
  own: "TLS_P256=1",
  public: "TLS_PUBLIC=1",
  cloud: Object.entries(CHOICES.cloud.use)
    .map(([name, value]) => `${name}=${value}`)
    .join(","),
} as const;
/** The secret of the device's key on P-256. */
const SECRET = fixedBytes("a secret on P-256", 32);

interface Case {
  readonly name: string;
  readonly use: string;
  readonly anchor: Pick<Settings, "pins" | "roots">;
  readonly credential: Credential;
  /** Credentials of the device. */
  readonly own?: Pick<Settings, "seed" | "secret">;
}

const pem = async (wish: Wish): Promise<string> => (await certify(wish)).toString("pem");

/** A server that is pinned. */
async function pinned(name: string, use: string, who: Identity): Promise<Case> {
  const credential = { key: who.pem, chain: await pem({ subject: who }) };
  return { name, use, anchor: { pins: [who.key] }, credential };
}

/** A server below a root on P-384 and an intermediate authority with RSA. */
async function chained(use: string, who: Identity): Promise<Case> {
  const [root, authority] = [await p384Identity(), await rsaIdentity(3072)];
  const middle = { name: "CN=Middle", issuerName: "CN=Root", extensions: caExtensions(0) };
  const chain = [
    await pem({ subject: who, issuer: authority, issuerName: "CN=Middle" }),
    await pem({ subject: authority, issuer: root, hash: "SHA-384", ...middle }),
    await pem({ subject: root, hash: "SHA-384", name: "CN=Root", extensions: caExtensions() }),
  ].join("\n");
  return { name: "a chain of three", use, anchor: { roots: [root.key] }, credential: { key: who.pem, chain } };
}

/** A server on P-256 that demands the device's certificate on P-256, of the profile `cloud`. */
async function demanding(): Promise<Case> {
  const row = await pinned("cloud, P-256, with the device's certificate", USE.cloud, await p256Identity());
  const own = { seed: (await identity("device")).seed, secret: SECRET };
  const client = new TlsClient(USE.cloud);
  client.start(own);
  const clients = new X509Certificate(client.certificate).toString();
  return { ...row, own, credential: { ...row.credential, clients } };
}

/** Lines of Java as it asks for a key update, and as it takes one. */
const ASKED = /Produced KeyUpdate[^{]*\{\s*"request_update": update_requested/g;
const GIVEN = /Consuming KeyUpdate[^{]*\{\s*"request_update": update_not_requested/g;

/** Post a body, and return that of the answer. */
async function post(socket: TlsSocket, body: Buffer): Promise<Buffer> {
  socket.received = Buffer.alloc(0);
  const head = `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), body]));
  const end = (): number => socket.received.indexOf("\r\n\r\n") + 4;
  await socket.until(() => end() > 3, "head of an answer");
  const length = /content-length: (\d+)/i.exec(socket.received.subarray(0, end()).toString())?.[1];
  assert.match(socket.received.toString("latin1"), /^HTTP\/1\.1 200 /);
  await socket.until(() => socket.received.length >= end() + Number(length), "answer");
  return socket.received.subarray(end());
}

/** Post `len` bytes in bodies of at most `most`. */
async function echo(socket: TlsSocket, len: number, most: number): Promise<void> {
  for (let at = 0; at < len; at += most) {
    const body = Buffer.alloc(Math.min(most, len - at), `${at} bytes before `);
    assert.ok((await post(socket, body)).equals(body));
  }
}

/** A first connection with everything, then three that resume. */
async function converse(port: number, { use, anchor, own }: Case, most: number, bulk = BULK): Promise<void> {
  const client = new TlsClient(use);
  for (let at = 0; at < 4; at++) {
    const socket = new TlsSocket(client, port, { host: "localhost", ...anchor, ...own, clock: at * 1000 });
    await socket.connected();
    assert.equal(client.guest.preShared(), Number(at > 0), `connection ${at}`);
    await echo(socket, at ? 1 : bulk, most);
    assert.equal(client.guest.update(), Status.Ok);
    await echo(socket, 10, most);
    await socket.close();
    assert.equal(client.state, State.Closed);
  }
}

const files = new Files();
const cases: Case[] = [];
const keys: Case[] = [];
let wide: Case;
let backend: Awaited<ReturnType<typeof startBackend>>;

before(async () => {
  const rsa = await rsaIdentity();
  cases.push(await pinned("pinned, Ed25519", USE.pinned, await identity("server")));
  cases.push(await pinned("own, P-256", USE.own, await p256Identity()));
  cases.push(await pinned("public, RSA-2048", USE.public, rsa));
  // The handshake alone differs for these.
  keys.push(await pinned("public, P-384", USE.public, await p384Identity()));
  keys.push(await pinned("public, RSA-4096", USE.public, await rsaIdentity(4096)));
  cases.push(await demanding());
  wide = await chained(USE.public, rsa);
  backend = await startBackend();
});
after(() => {
  backend.close();
  files.remove();
});

for (const [name, daemon] of Object.entries<Daemon>(DAEMONS)) {
  const honoursLimit = !["Caddy", "Go"].includes(name);
  describe(name, { skip: missing(daemon.program) }, () => {
    let peer: Peer;
    let ports: number[];
    before(async () => {
      const credentials = [...cases, wide, ...keys].map(({ credential }) => credential);
      ({ peer, ports } = await startDaemon(daemon, files, credentials, backend.port));
    });
    after(() => peer?.stop());

    test("each profile", async () => {
      for (const [at, row] of cases.entries()) await converse(ports[at]!, row, honoursLimit ? BULK : SMALL);
      // All but `cloud` use ChaCha20-Poly1305, and the first connection moves more than Java's limit.
      if (name === "Java")
        for (const what of [ASKED, GIVEN])
          assert.equal(peer.output.match(what)?.length, cases.length - 1, String(what));
    });

    test("no certificate, or that of another device, where one is demanded", async () => {
      const [at, row] = [cases.length - 1, cases.at(-1)!];
      for (const own of [undefined, { ...row.own, secret: fixedBytes("another", 32) }]) {
        const client = new TlsClient(USE.cloud);
        const socket = new TlsSocket(client, ports[at]!, { host: "localhost", ...row.anchor, ...own });
        // nginx lets it finish the handshake, and refuses its requests.
        socket.write(Buffer.from("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
        await socket.until(() => client.state >= State.Closed || socket.received.includes("\r\n"), "the refusal");
        assert.ok(
          client.state === State.Failed || socket.received.toString().startsWith("HTTP/1.1 400 "),
          `${client.state}`,
        );
        socket.socket.destroy();
      }
    });

    for (const [at, name] of ["P-384", "RSA-4096"].entries())
      test(`a key of ${name}`, () => converse(ports[cases.length + 1 + at]!, keys[at]!, SMALL, SMALL));

    test("a chain of three certificates", async () => {
      const port = ports[cases.length]!;
      await converse(port, wide, honoursLimit ? BULK : SMALL);
    });
  });
}
