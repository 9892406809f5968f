// weight: 12 s, 0.5 cores
/** A device of the choice `cloud`: it reports to `tools/server` with its own key, and shows its certificate on P-256 to a server of the user's. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { CHOICES } from "../../tools/firmware/choices.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { certify, p256Identity } from "../tls/identities.ts";
import { until } from "../server/wait.ts";
import { Subject, World } from "./world.ts";

test("a certificate that outlives restarts and rotations, to a server that takes P-256 alone; reports keep the own key", async (t) => {
  const world = await World.start({ tls: true });
  t.after(() => world.close());
  const own = await p256Identity();
  const shown: string[] = [];
  const cert = (await certify({ subject: own })).toString("pem");
  const about = { key: own.pem, cert, requestCert: true, rejectUnauthorized: false, sigalgs: "ecdsa_secp256r1_sha256" };
  const server = tls.createServer({ ...about, minVersion: "TLSv1.3" }, (socket) => {
    shown.push(socket.getPeerX509Certificate()!.toString());
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port, publicKey } = world.server.tls!;
  const device = await Subject.make(world, {
    use: Object.entries(CHOICES.cloud.use).map(([name, value]) => `${name}=${value}`),
    link: "esp-at",
    port,
    settings: { port, tlsKeys: [publicKey, own.key] },
  });
  t.after(() => device.stop());

  /** Exchange a text with the user's server, between reports. */
  const talk = async (): Promise<void> => {
    const { guest } = device;
    assert.equal(guest.openStream("127.0.0.1", (server.address() as AddressInfo).port) > 0, true);
    await until("an open stream", () => guest.streamState() === "open");
    guest.writeStream(Buffer.from("to others"));
    let got = "";
    await until("the echo", () => (got += Buffer.from(guest.readStream()).toString()) === "to others");
    guest.closeStream();
    await device.see("accepted");
  };

  await device.start();
  await device.see("accepted");
  await talk();
  await talk();
  const rotated = device.see("rotated");
  await world.operate(device.id, "rotate", { expiresAt: Date.now() + 3_600_000 });
  await rotated;
  await talk();
  await device.start();
  await device.see("accepted");
  await talk();
  await device.stop();

  assert.equal(shown.length, 4);
  assert.equal(new Set(shown).size, 1);
  const pins = device.said("key-p256").map(({ data }) => hex(data));
  assert.equal(pins.length, 2);
  assert.equal(pins[0], pins[1]);
  const { subject } = new X509Certificate(shown[0]!);
  assert.equal(subject, `CN=${pins[0]}`);
  assert.equal(device.said("tls-failed").length, 0);
  await world.checkHonest(device);
});
