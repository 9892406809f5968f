// weight: 43 s, 1 core
/**
 * The whole device behind TLS: the firmware in this process, the emulated module, `tools/server` with TLS. A sniffer on the
 * UART sees neither a reading nor an id, and a server with another key gets nothing.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Flash } from "../../tools/guest/flash.ts";
import { firmware } from "../../tools/guest/firmware.ts";
import { Guest } from "../../tools/guest/guest.ts";
import { seeded } from "../../tools/guest/noise.ts";
import { startModem } from "../../tools/modem/modem.ts";
import { startServer, type RunningServer } from "../../tools/server/server.ts";
import { decode } from "../../tools/wire/cbor.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as factory from "../../tools/wire/factory.ts";
import * as messages from "../../tools/wire/messages.ts";
import { fixedBytes } from "./client.ts";
import { certify, identity, type Identity } from "./identities.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

const folder = mkdtempSync(path.join(tmpdir(), "signet-tls-"));
const AUDIENCE = "tls.example";
const ends: (() => unknown)[] = [];

after(async () => {
  for (const end of ends.toReversed()) await end();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(name: string): Promise<RunningServer> {
  const server = await startServer({
    port: 0,
    tls: { port: 0, key: path.join(folder, `${name}.tls.key`) },
    database: path.join(folder, `${name}.db`),
    key: path.join(folder, `${name}.key`),
    audience: AUDIENCE,
  });
  ends.push(() => server.close());
  return server;
}

interface Life {
  device: Guest;
  /** All that passed on the UART. */
  wire: Buffer[];
  count(event: string): number;
  until(event: string, times: number, timeoutMs?: number): Promise<void>;
  /** Let time pass in which the device sleeps and keeps its RAM. */
  sleeps(ms: number): void;
}

/** Switch a device on that pins `tlsKey`. */
async function live(server: RunningServer, tlsKey: Uint8Array, intervalMs = 300): Promise<Life> {
  let sleptMs = 0;
  const flash = new Flash({ pageBytes: 4096, pages: 4 });
  const page = factory.write({
    link: "esp-at",
    host: "127.0.0.1",
    port: server.tls!.port,
    audience: AUDIENCE,
    serverKeys: [server.publicKey],
    reportIntervalMs: intervalMs,
    tlsKeys: [fixedBytes("an old key", 32), tlsKey],
  });
  flash.provision(page);
  const clock = (): number => performance.now() + sleptMs;
  const device = new Guest({ firmware: await firmware(SIGNET.entry), flash, noise: seeded("tls"), clock });
  const wire: Buffer[] = [];
  const modem = await startModem({ stream: device.port(), onUart: (_, bytes) => wire.push(Buffer.from(bytes)) });
  const stop = new AbortController();
  device.boot();
  const running = device.run(stop.signal);
  ends.push(async () => {
    stop.abort();
    device.receive(new Uint8Array(0));
    await running;
    await modem.close();
  });
  const count = (event: string): number => device.events.filter(({ name }) => name === event).length;
  const until = async (event: string, times: number, timeoutMs = 20_000): Promise<void> => {
    const deadline = Date.now() + timeoutMs;
    while (count(event) < times) {
      const names = device.events.map(({ name, data }) => `${name} ${Buffer.from(data).toString("hex")}`);
      if (Date.now() > deadline) throw new Error(`no ${event}: ${names.join(", ")}`);
      await sleep(10);
    }
  };
  const sleeps = (ms: number): void => {
    sleptMs += ms;
    device.receive(new Uint8Array(0));
  };
  return { device, wire, count, until, sleeps };
}

test("enrolment and reports travel inside TLS, tied to the device's TLS identity", async () => {
  const server = await serve("good");
  const { device, wire, until, count } = await live(server, server.tls!.publicKey);
  await until("accepted", 4);
  assert.equal(count("tls-failed"), 0);
  assert.equal(device.deaths, 0);
  const [first] = await server.devices();
  assert.ok((await server.reports(first!.id)).length >= 4);
  const heard = Buffer.concat(wire);
  for (const secret of ["/v1/", "application/c", AUDIENCE]) assert.equal(heard.indexOf(secret), -1, secret);
  assert.equal(heard.indexOf(Buffer.from(first!.id, "hex")), -1);
  const dump = Buffer.from(device.dump());
  assert.equal(dump.indexOf(server.tls!.publicKey) >= 0, true);
});

test("a server with a key that is not pinned gets no request", async () => {
  const server = await serve("false");
  const { until, count } = await live(server, fixedBytes("another key", 32));
  await until("tls-failed", 1);
  assert.equal(count("enrolled"), 0);
  assert.deepEqual(await server.devices(), []);
});

test("a ticket survives sleep, is used once, and ends with the server's time for it or a restart", async () => {
  const server = await serve("sleepy");
  const LONG_MS = 3 * 3_600_000;
  // The server gives its tickets two hours, and a new one at each resumption.
  const { device, until, sleeps } = await live(server, server.tls!.publicKey, LONG_MS);
  const resumed = (): number[] =>
    device.events.filter(({ name }) => name === "secured").map(({ data }) => Buffer.from(data).readUInt32BE());
  await until("accepted", 1);
  for (let reports = 2; reports < 8; reports++) {
    // A report is given in two of three sleeps, minutes after the last; in the others it is due.
    const soon = reports % 3 !== 1;
    sleeps(soon ? 200_000 : LONG_MS);
    if (soon) device.send(Buffer.from("from C"));
    await until("accepted", reports);
  }
  assert.deepEqual(resumed(), [0, 1, 1, 0, 1, 1, 0]);
  device.reset();
  await until("booted", 2);
  await until("accepted", 8);
  assert.equal(resumed()[7], 0);
});

test("a peer authenticated by TLS sends only its own messages: another device's enrolment is refused on its connection", async () => {
  const server = await serve("tied");
  const [own, other] = [await identity("device"), await identity("other")];
  const signed = messages.sealEnrol(ed25519.fromSeed(own.seed), {
    audience: AUDIENCE,
    cti: new Uint8Array(16),
    nonce: decode(await post(server, "/v1/challenge", other)) as Uint8Array,
    model: Buffer.from("m"),
    bootCount: 1,
    software: "s",
    version: "1",
  });
  assert.equal(
    messages.readUnsignedRefusal(await post(server, "/v1/enrol", other, signed)),
    messages.Reason["bad-signature"],
  );
  assert.equal(
    messages.readUnsignedRefusal(await post(server, "/v1/enrol", undefined, signed)),
    messages.Reason["bad-signature"],
  );
  assert.deepEqual(await server.devices(), []);
  await post(server, "/v1/enrol", own, signed);
  assert.equal((await server.devices()).length, 1);
});

/** Ask the server over TLS, showing this identity's key. */
async function post(
  server: RunningServer,
  where: string,
  who?: Identity,
  body: Uint8Array = new Uint8Array(0),
): Promise<Uint8Array> {
  const credential = who && { key: who.pem, cert: (await certify({ subject: who })).toString("pem") };
  return new Promise((resolve, reject) => {
    const options = {
      method: "POST",
      agent: false as const,
      rejectUnauthorized: false,
      headers: { "content-type": "application/cose", "content-length": body.length },
      ...credential,
    };
    const request = https.request(`${server.tls!.url}${where}`, options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve(Buffer.concat(parts)));
    });
    request.on("error", reject).end(body);
  });
}

test("a device that rotates its key presents the next one in TLS and uses no earlier ticket", async () => {
  const server = await serve("rotating");
  const life = await live(server, server.tls!.publicKey);
  await life.until("accepted", 2);
  const old = Buffer.from(life.device.events.find(({ name }) => name === "key-made")!.data).toString("hex");
  const ordered = await fetch(`${server.url}/v1/devices/${old}/rotate`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.adminToken}` },
    body: JSON.stringify({ expiresAt: Date.now() + 60_000 }),
  });
  assert.equal(ordered.status, 200);
  await life.until("rotated", 1);
  await life.until("accepted", life.count("accepted") + 2);
  const rotating = life.device.events.findIndex(({ name }) => name === "rotating");
  const next = Buffer.from(life.device.events[rotating]!.data).toString("hex");
  const secured = life.device.events.slice(rotating).find(({ name }) => name === "secured");
  assert.equal(Buffer.from(secured!.data).readUInt32BE(0), 0, "a whole handshake");
  const states = Object.fromEntries((await server.devices()).map(({ id, state }) => [id, state]));
  assert.deepEqual(states, { [old]: "replaced", [next]: "active" });
});
