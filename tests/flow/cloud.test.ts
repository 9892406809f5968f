// weight: 12 s, 0.5 cores
/** A device of the choice `cloud`: it reports to `tools/server` with its own key, and shows its certificate on P-256 to a server of the user's. */
import assert from "node:assert/strict";
import { webcrypto, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import tls from "node:tls";
import { Status } from "../../assembly/lib/status.ts";
import { CHOICES } from "../../tools/firmware/choices.ts";
import { list } from "../../tools/flash/certificate.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as factory from "../../tools/wire/factory.ts";
import { caExtensions, certify, p256Identity } from "../tls/identities.ts";
import { until } from "../server/wait.ts";
import { Subject, World } from "./world.ts";

/** A device of that choice, a server of the user's beside that of Signet, and what that saw. */
class Scene {
  readonly shown: X509Certificate[] = [];
  readonly protocols: (string | false | null)[] = [];
  world!: World;
  device!: Subject;
  settings!: Partial<factory.Factory>;
  #port = 0;

  static async start(t: TestContext, more: tls.TlsOptions = {}): Promise<Scene> {
    const scene = new Scene();
    scene.world = await World.start({ tls: true });
    t.after(() => scene.world.close());
    const own = await p256Identity();
    const cert = (await certify({ subject: own })).toString("pem");
    const about = { key: own.pem, cert, requestCert: true, sigalgs: "ecdsa_secp256r1_sha256", ...more };
    const server = tls.createServer({ rejectUnauthorized: false, ...about, minVersion: "TLSv1.3" }, (socket) => {
      scene.shown.push(socket.getPeerX509Certificate()!);
      scene.protocols.push(socket.alpnProtocol);
      socket.on("error", () => {});
      socket.pipe(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    scene.#port = (server.address() as AddressInfo).port;
    const { port, publicKey } = scene.world.server.tls!;
    scene.settings = { port, tlsKeys: [publicKey, own.key] };
    scene.device = await Subject.make(scene.world, {
      use: Object.entries(CHOICES.cloud.use).map(([name, value]) => `${name}=${value}`),
      link: "esp-at",
      port,
      settings: scene.settings,
    });
    t.after(() => scene.device.stop());
    return scene;
  }

  /** Write its factory page again, with more in it. */
  provision(more: Partial<factory.Factory>): void {
    const { flash } = this.device.guest;
    const page = factory.read(flash.bytes.subarray(0, flash.shape.pageBytes));
    flash.provision(factory.write({ ...page, ...more }));
  }

  /** Open a stream to the user's server; returns its last state. */
  async open(): Promise<string> {
    const { guest } = this.device;
    assert.equal(guest.openStream("127.0.0.1", this.#port) > 0, true);
    await until("the end of opening", () => !["waiting", "opening"].includes(guest.streamState()));
    return guest.streamState();
  }

  /** Exchange a text with the user's server, between reports. */
  async talk(): Promise<void> {
    const { guest } = this.device;
    assert.equal(await this.open(), "open");
    guest.writeStream(Buffer.from("to others"));
    let got = "";
    await until("the echo", () => (got += Buffer.from(guest.readStream()).toString()) === "to others");
    guest.closeStream();
    await this.device.see("accepted");
  }

  /** Start the device, and wait for its first receipt. */
  async start(): Promise<void> {
    await this.device.start();
    await this.device.see("accepted");
  }

  /** The certificate that the device tells its application, between two reports. */
  async certificate(): Promise<Uint8Array> {
    const told: (Uint8Array | number)[] = [];
    await until(
      "the certificate",
      () => told.push(this.device.guest.certificate()) > 0 && told.at(-1) !== Status.Again,
    );
    const last = told.at(-1)!;
    assert.ok(typeof last === "object");
    return last;
  }
}

test("a certificate that outlives restarts and rotations, to a server that takes P-256 alone; reports keep the own key", async (t) => {
  const scene = await Scene.start(t);
  const { world, device, shown } = scene;
  await scene.start();
  await scene.talk();
  await scene.talk();
  const rotated = device.see("rotated");
  await world.operate(device.id, "rotate", { expiresAt: Date.now() + 3_600_000 });
  await rotated;
  await scene.talk();
  const told = await scene.certificate();
  await scene.start();
  await scene.talk();
  await device.stop();

  assert.equal(shown.length, 4);
  for (const one of shown) assert.ok(one.raw.equals(told));
  const pins = device.said("key-p256").map(({ data }) => hex(data));
  assert.equal(pins.length, 2);
  assert.equal(pins[0], pins[1]);
  assert.equal(shown[0]!.subject, `CN=${pins[0]}`);
  assert.equal(device.said("tls-failed").length, 0);
  await world.checkHonest(device);
});

test("a certificate of an authority in the factory page, to a server that trusts that alone; that of another device is refused by name", async (t) => {
  const authority = await p256Identity();
  const ca = (await certify({ subject: authority, name: "CN=Plant", extensions: caExtensions() })).toString("pem");
  const scene = await Scene.start(t, { ca, rejectUnauthorized: true });
  const { device } = scene;
  /** Have the authority issue a certificate for the key of another certificate. */
  const issue = async (der: Uint8Array): Promise<Uint8Array> => {
    const subject = await p256Identity();
    const spki = new X509Certificate(der).publicKey.export({ format: "der", type: "spki" });
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    subject.keys.publicKey = await webcrypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]);
    const names = { name: "CN=pump-7", issuerName: "CN=Plant" };
    const issued = await certify({ subject, issuer: authority, ...names, extensions: [] });
    return list(issued.toString("pem"), "pump-7.pem");
  };
  await scene.start();
  const own = await scene.certificate();
  await scene.open();
  await until("the refusal", () => device.guest.streamState() === "failed");
  device.guest.closeStream();
  assert.equal(scene.shown.length, 0);

  scene.provision({ certificate: await issue(own) });
  await scene.start();
  await scene.talk();
  await scene.talk();
  assert.deepEqual([...new Set(scene.shown.map(({ subject }) => subject))], ["CN=pump-7"]);
  assert.ok(Buffer.from(await scene.certificate()).equals(own));
  assert.equal(device.said("certificate-refused").length, 0);

  const foreign = await certify({ subject: await p256Identity() });
  for (const [certificate, status] of [
    [await issue(new Uint8Array(foreign.rawData)), 3],
    [new Uint8Array(40).fill(1), 2],
  ] as const) {
    scene.provision({ certificate });
    const refused = device.see("certificate-refused");
    await scene.start();
    assert.equal(hex((await refused).data), `0000000${status}`);
  }
  await scene.world.checkHonest(device);
});

test("an application protocol: chosen, ignored, refused by the server; none for reports", async (t) => {
  const scene = await Scene.start(t, { ALPNProtocols: ["x-amzn-mqtt-ca", "mqtt"] });
  const { guest } = scene.device;
  await scene.start();
  for (const name of ["mqtt", "x-amzn-mqtt-ca", ""]) {
    assert.equal(guest.askProtocol(name) > 0, true);
    await scene.talk();
  }
  assert.deepEqual(scene.protocols, ["mqtt", "x-amzn-mqtt-ca", false]);
  assert.equal(guest.askProtocol("x".repeat(33)), Status.TooLong);
  assert.equal(guest.askProtocol("http/1.1") > 0, true);
  assert.equal(await scene.open(), "failed");
  assert.equal(hex(scene.device.said("tls-failed").at(-1)!.data), "0000007800000001");
  guest.closeStream();
  await scene.device.see("accepted");
  assert.equal(guest.askProtocol("mqtt") > 0, true);
  assert.equal(await scene.open(), "open");
  assert.equal(guest.askProtocol("mqtt"), Status.Unexpected);
  guest.closeStream();
  await scene.device.see("accepted");
  await scene.world.checkHonest(scene.device);
});
