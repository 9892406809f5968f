// weight: 20 s, 1 core
/** `signet tls`: the answer about servers that will do, and the reason about those that will not. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import tls from "node:tls";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { AddressInfo } from "node:net";
import { Trouble } from "../../tools/trouble.ts";
import type { Profile } from "../../tools/tls/profiles.ts";
import { will, type Asked } from "../../tools/tls/will.ts";
import { TlsClient } from "./client.ts";
import {
  caExtensions,
  certify,
  identity,
  leafExtensions,
  p256Identity,
  rsaIdentity,
  type Identity,
} from "./identities.ts";
import { freePort } from "../../tools/line/port.ts";
import { Files, missing, openssl } from "./peers.ts";

let ed25519: Identity;
let p256: Identity;
let rsa: Identity;
let authority: Identity;
const files = new Files();

before(async () => {
  ed25519 = await identity("server");
  p256 = await p256Identity();
  rsa = await rsaIdentity();
  authority = await identity("authority");
});
after(() => files.remove());

const make = (profile: Profile): Promise<TlsClient> =>
  Promise.resolve(
    new TlsClient(
      Object.entries(profile.use)
        .map(([name, value]) => `${name}=${value}`)
        .join(","),
    ),
  );

/** Ask; returns the lines, and the reason at the end of a refusal. */
async function answer(port: number, asked: Partial<Asked> = {}): Promise<{ text: string; reason?: Trouble }> {
  const lines: string[] = [];
  try {
    await will({ host: "localhost", port, ...asked }, (line) => lines.push(line), make);
    return { text: lines.join("\n") };
  } catch (error) {
    assert.ok(error instanceof Trouble, String(error));
    return { text: lines.join("\n"), reason: error };
  }
}

/** The certificate of a server in PEM, with those above it. */
async function chainOf(subject: Identity, by?: Identity, extensions = leafExtensions()): Promise<string> {
  const above = by ? { issuer: by, issuerName: "CN=Authority" } : {};
  const leaf = (await certify({ subject, extensions, ...above })).toString("pem");
  if (!by) return leaf;
  const root = await certify({ subject: by, name: "CN=Authority", extensions: caExtensions() });
  return `${leaf}\n${root.toString("pem")}`;
}

/** Serve with Node's TLS; returns the port. */
async function serve(who: Identity, options: tls.TlsOptions = {}, cert?: string): Promise<number> {
  const settings = { key: who.pem, cert: cert ?? (await chainOf(who)), ...options };
  const server = tls.createServer(settings, (socket) => {
    socket.on("error", () => {});
    socket.resume();
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe("servers that will do", () => {
  test("openssl s_server with an Ed25519 key", { skip: missing("openssl") }, async () => {
    const peer = await openssl([
      "-key",
      files.put("a.key", ed25519.pem),
      "-cert",
      files.put("a.pem", await chainOf(ed25519)),
    ]);
    const { text, reason } = await answer(peer.port);
    await peer.stop();
    assert.equal(reason, undefined, text);
    assert.match(text, /^chain 1 {3}CN=localhost: Ed25519, \d+ bytes/m);
    assert.match(text, /^pinned {4}yes: TLS 1\.3, suite 0x1303/m);
    assert.match(text, /^resumes {3}yes/m);
    assert.match(text, /^RAM {7}[678]\d{3} bytes/m);
    assert.match(text, /^cost {6}Cortex-M4: full handshake \d\.\d M, resumed \d\.\d M/m);
    assert.match(text, new RegExp(`^pin       ${ed25519.key.toString("hex")}`, "m"));
  });

  test("Node with a key on P-256 that asks for the device's certificate", async () => {
    const port = await serve(p256, { requestCert: true, rejectUnauthorized: false });
    const { text, reason } = await answer(port, { pin: p256.key.toString("hex") });
    assert.equal(reason, undefined, text);
    assert.match(text, /^pinned {4}no: the key of CN=localhost is P-256/m);
    assert.match(text, /^own {7}yes/m);
    assert.match(text, /^client {4}presents its certificate/m);
    assert.match(text, /^cost {6}Cortex-M4: full handshake \d\.\d M/m);
  });

  test("Node with an RSA key", async () => {
    const { text, reason } = await answer(await serve(rsa));
    assert.equal(reason, undefined, text);
    assert.match(text, /^own {7}no: the key of CN=localhost is RSA-2048/m);
    assert.match(text, /^public {4}yes/m);
  });

  test("Node with AES-128-GCM and P-256 alone", async () => {
    const limits = { ciphers: "TLS_AES_128_GCM_SHA256", ecdhCurve: "P-256" };
    const { text, reason } = await answer(await serve(p256, limits));
    assert.equal(reason, undefined, text);
    assert.match(text, /^public {4}no: the server does not accept TLS_CHACHA20_POLY1305_SHA256/m);
    assert.match(text, /^cloud {5}yes: TLS 1\.3, suite 0x1301, group 0x0017/m);
    assert.match(text, /^flash {5}\d\d,\d{3} bytes/m);
    assert.match(text, /^cost {6}Cortex-M4: full handshake \d\.\d M, resumed \d\.\d M/m);
  });

  test("a chain to a root of a file", async () => {
    const root = await certify({ subject: authority, name: "CN=Authority", extensions: caExtensions() });
    const file = files.put("root.pem", root.toString("pem"));
    const { text, reason } = await answer(await serve(ed25519, {}, await chainOf(ed25519, authority)), { root: file });
    assert.equal(reason, undefined, text);
    assert.match(text, /^pinned {4}yes/m);
  });
});

describe("servers that will not", () => {
  const CHACHA = "TLS_CHACHA20_POLY1305_SHA256";
  /** The server, what is asked, and the words of the reason and of its remedy. */
  const cases: [what: string, serve: () => Promise<number>, asked: Partial<Asked>, reason: RegExp, change: RegExp][] = [
    ["an RSA key", () => serve(rsa), {}, /is RSA-2048/, /Ed25519 or P-256/],
    ["TLS 1.2 only", () => serve(ed25519, { maxVersion: "TLSv1.2" }), {}, /no TLS 1\.3/, /enable TLS 1\.3/],
    [
      "another suite only",
      () => serve(ed25519, { ciphers: "TLS_AES_256_GCM_SHA384" }),
      {},
      new RegExp(`not accept ${CHACHA}`),
      new RegExp(`add ${CHACHA}`),
    ],
    ["another group only", () => serve(ed25519, { ecdhCurve: "P-384" }), {}, /key exchange X25519/, /add X25519/],
    ["another pin", () => serve(ed25519), { pin: "00".repeat(32) }, /is not the pinned one/, /pin [0-9a-f]{64}/],
    [
      "another name",
      async () => serve(ed25519, {}, await chainOf(ed25519, authority, leafExtensions("example.com"))),
      { root: "root" },
      /not for localhost, but for DNS:example\.com/,
      /subjectAltName/,
    ],
    [
      "another root",
      async () => serve(ed25519, {}, await chainOf(ed25519, ed25519)),
      { root: "root" },
      /key of the root/,
      /pin the last/,
    ],
    [
      "a client certificate of its own authority",
      () => serve(ed25519, { requestCert: true, rejectUnauthorized: true }),
      {},
      /refused the device/,
      /self-signed/,
    ],
    [
      "a chain that is too long",
      async () =>
        serve(ed25519, {}, await chainOf(ed25519, rsa, leafExtensions(`${"a".repeat(60)}.`.repeat(4).slice(0, -1)))),
      { pin: "key" },
      /bytes as a message; the device has room for 1024/,
      /fewer certificates/,
    ],
  ];
  for (const [what, start, asked, reason, change] of cases) {
    test(what, async () => {
      const root =
        asked.root &&
        files.put(
          "root.pem",
          (await certify({ subject: authority, name: "CN=Authority", extensions: caExtensions() })).toString("pem"),
        );
      const pin = asked.pin === "key" ? ed25519.key.toString("hex") : asked.pin;
      const got = await answer(await start(), { root, pin, profile: what === "an RSA key" ? "own" : "pinned" });
      assert.match(got.reason?.message ?? got.text, reason);
      assert.match(got.reason!.hint, change);
    });
  }

  test("a certificate with more names than the profile public has room for", async () => {
    const names = Array.from({ length: 220 }, (_, i) => ({ type: "dns" as const, value: `host-${i}.example.org` }));
    const extensions = [new x509.SubjectAlternativeNameExtension(names)];
    const cert = (await certify({ subject: p256, extensions })).toString("pem");
    const { reason } = await answer(await serve(p256, {}, cert), { profile: "public" });
    assert.match(reason!.message, /of CN=localhost has \d{4} bytes; the device has room for 3584/);
    assert.match(reason!.hint, /fewer names/);
  });

  test("no server", async () => {
    const { reason } = await answer(await freePort());
    assert.match(reason!.message, /cannot be reached: ECONNREFUSED/);
  });
});
