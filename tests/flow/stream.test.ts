// weight: 21 s, 0.2 cores
/**
 * The application's own stream: a device that reports to `tools/server` inside TLS, and in turns speaks to a server of the user's,
 * Node's TLS, which shows one of the factory page's keys or a chain to one of its roots.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { Status } from "../../assembly/lib/status.ts";
import { firmware } from "../../tools/guest/firmware.ts";
import { Flash } from "../../tools/guest/flash.ts";
import { Guest, type StreamState } from "../../tools/guest/guest.ts";
import * as noises from "../../tools/guest/noise.ts";
import { startModem } from "../../tools/modem/modem.ts";
import { startServer, type RunningServer } from "../../tools/server/server.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as factory from "../../tools/wire/factory.ts";
import { caExtensions, certify, identity, leafExtensions, type Identity } from "../tls/identities.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

/** The device's clock when the stream begins. */
const NOW = Date.parse("2040-01-01");
/** Time that a test skipped, for server and devices alike. */
let passedMs = 0;

const folder = mkdtempSync(join(tmpdir(), "signet-stream-"));
let server: RunningServer;
let own: Identity;
let root: Identity;
before(async () => {
  server = await startServer({
    port: 0,
    tls: { port: 0 },
    database: join(folder, "signet.sqlite"),
    audience: "stream.example",
    clock: () => NOW + passedMs,
    ticks: () => performance.now() + passedMs,
  });
  [own, root] = await Promise.all([identity("own"), identity("root")]);
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** A server of the user's: it echoes, and keeps what it heard. */
class Own {
  readonly listener: tls.Server;
  readonly sockets: tls.TLSSocket[] = [];
  readonly resumed: boolean[] = [];
  /** The keys that clients have shown. */
  readonly keys: string[] = [];
  ended = 0;

  private constructor(options: tls.TlsOptions) {
    this.listener = tls.createServer(
      { key: own.pem, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: false, ...options },
      (socket) => {
        this.sockets.push(socket);
        this.resumed.push(socket.isSessionReused());
        const key = socket.getPeerX509Certificate()?.publicKey.export({ format: "der", type: "spki" });
        if (key) this.keys.push(hex(key.subarray(12)));
        socket.on("error", () => {});
        socket.on("end", () => this.ended++);
        socket.pipe(socket);
      },
    );
  }

  static async start(options: tls.TlsOptions = {}): Promise<Own> {
    const made = new Own({ cert: (await certify({ subject: own })).toString("pem"), ...options });
    made.listener.listen(0, "127.0.0.1");
    await once(made.listener, "listening");
    after(() => made.close());
    return made;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.listener.close();
  }
}

/** A leaf for "127.0.0.1" below the root. */
async function chainUntil(notAfter: Date): Promise<string> {
  const leaf = await certify({
    subject: own,
    issuer: root,
    issuerName: "CN=root",
    notAfter,
    extensions: leafExtensions("127.0.0.1", "ip"),
  });
  const ca = await certify({ subject: root, name: "CN=root", extensions: caExtensions() });
  return `${leaf.toString("pem")}\n${ca.toString("pem")}`;
}

/** A device with this flash, or a new one, switched on until the test ends. */
async function live(settings: Partial<factory.Factory> = {}, flash = new Flash({ pageBytes: 1024, pages: 4 })) {
  flash.provision(
    factory.write({
      link: "esp-at",
      host: "127.0.0.1",
      port: server.tls!.port,
      audience: "stream.example",
      serverKeys: [server.publicKey],
      reportIntervalMs: 100,
      tlsKeys: [server.tls!.publicKey, own.key],
      ...settings,
    }),
  );
  const clock = (): number => performance.now() + passedMs;
  const device = new Guest({ firmware: await firmware(SIGNET.entry), flash, noise: noises.seeded("stream"), clock });
  const wire: Buffer[] = [];
  const modem = await startModem({ stream: device.port(), onUart: (_, bytes) => wire.push(Buffer.from(bytes)) });
  const stop = new AbortController();
  device.boot();
  const life = device.run(stop.signal);
  const off = async (): Promise<void> => {
    stop.abort();
    device.receive(new Uint8Array(0));
    await life;
    await modem.close();
  };
  after(off);
  const until = async (condition: () => boolean, what: string): Promise<void> => {
    for (const end = Date.now() + 30_000; !condition(); await sleep(2)) {
      const said = device.events.map(({ name, data }) => `${name} ${hex(data)}`).slice(-20);
      if (Date.now() > end) throw new Error(`never ${what}: ${device.streamState()}\n${said.join("\n")}`);
    }
  };
  const count = (name: string): number => device.events.filter((event) => event.name === name).length;
  const become = (state: StreamState): Promise<void> => until(() => device.streamState() === state, state);
  /** Send it all, and read as much back. */
  const echo = async (data: Uint8Array): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    let sent = 0;
    let got = 0;
    await until(() => {
      if (sent < data.length) sent += device.writeStream(data.subarray(sent, sent + 700));
      const part = device.readStream();
      parts.push(part);
      got += part.length;
      return got >= data.length;
    }, "echoed");
    return Buffer.concat(parts);
  };
  return { device, wire, off, until, count, become, echo, flash };
}

describe("the application's stream", () => {
  it("opens between reports, carries bytes both ways, holds reports back, and yields the connection to them", async () => {
    const peer = await Own.start();
    const { device, wire, until, count, become, echo } = await live();
    await until(() => count("accepted") >= 2, "reported");
    assert.equal(device.openStream("", peer.port), Status.Ok);
    assert.equal(device.openStream("", peer.port), Status.Unexpected);
    await become("open");
    const before = count("accepted");
    const data = Buffer.alloc(5_000, "a line of the user's own; ");
    assert.deepEqual(await echo(data), data);
    assert.equal(device.rekeyStream(), Status.Ok);
    assert.deepEqual(await echo(data), data);
    await sleep(300);
    assert.equal(count("accepted"), before);
    device.closeStream();
    assert.equal(device.streamState(), "closed");
    await until(() => count("accepted") >= before + 2, "reported again");
    assert.equal(peer.ended, 1);
    const [row] = await server.devices();
    assert.deepEqual(peer.keys, [row!.key]);
    assert.equal(Buffer.concat(wire).indexOf("user's own"), -1);
    assert.equal(device.deaths, 0);
  });

  it("begins before the first report, ends with the server, and lets a report pass before the next stream", async () => {
    const peer = await Own.start();
    const { device, until, count, become, echo } = await live();
    assert.equal(device.openStream("127.0.0.1", peer.port), Status.Ok);
    await become("open");
    assert.equal(count("enrolled"), 0);
    await echo(Buffer.from("hello"));
    peer.sockets[0]!.end("bye");
    await until(() => Buffer.from(device.readStream()).toString() === "bye", "told bye");
    await become("ended");
    assert.equal(device.writeStream(Buffer.from("too late")), 0);
    assert.equal(device.openStream("127.0.0.1", peer.port), Status.Ok);
    await become("open");
    // The challenge that waited went first.
    assert.ok(device.events.findLastIndex(({ name }) => name === "secured") > 1);
    assert.equal(count("secured"), 3);
    device.closeStream();
    await until(() => count("accepted") >= 1, "reported");
  });

  it("keeps the last bytes of a server that closed until the application reads them", async () => {
    const peer = await Own.start();
    const { device, until, become } = await live();
    assert.equal(device.openStream("", peer.port), Status.Ok);
    await become("open");
    await until(() => peer.sockets.length > 0, "connected");
    const last = "the last line ".repeat(5);
    const [socket] = peer.sockets;
    socket!.end(last);
    await once(socket!, "close");
    // The device sees that the connection is gone, and its application does not read yet.
    await sleep(500);
    assert.equal(device.streamState(), "open");
    let read = "";
    await until(() => (read += Buffer.from(device.readStream()).toString()).length >= last.length, "read");
    assert.equal(read, last);
    await become("ended");
  });

  it("fails, and reports continue, where the server is not authenticated, is missing, or cuts the connection", async () => {
    const stranger = await identity("stranger");
    const false_ = await Own.start({ key: stranger.pem, cert: (await certify({ subject: stranger })).toString("pem") });
    const peer = await Own.start();
    const gone = await Own.start();
    const port = gone.port;
    gone.close();
    const { device, until, count, become } = await live();
    for (const [where, how] of [
      [false_.port, () => {}],
      [port, () => {}],
      [peer.port, () => peer.sockets.at(-1)!.destroy()],
    ] as const) {
      const accepted = count("accepted");
      assert.equal(device.openStream("", where), Status.Ok);
      if (where === peer.port) await until(() => peer.sockets.length > 0, "connected");
      how();
      await become("failed");
      assert.equal(device.writeStream(Buffer.from("lost")), 0);
      await until(() => count("accepted") >= accepted + 2, "reported");
    }
    assert.deepEqual(false_.sockets, []);
    assert.equal(device.deaths, 0);
  });

  it("is never in the clear: without TLS in the factory page there is none", async () => {
    const { device } = await live({ port: server.port, tlsKeys: undefined });
    assert.equal(device.openStream("127.0.0.1", 1), Status.Unexpected);
    assert.equal(device.streamState(), "closed");
  });
});

describe("a chain to a root of the factory page", () => {
  const roots = async (): Promise<Partial<factory.Factory>> => ({
    tlsRoots: [(await identity("another")).key, root.key],
    tlsKeys: [server.tls!.publicKey],
  });

  it("authenticates a server, by either of two roots", async () => {
    const peer = await Own.start({ cert: await chainUntil(new Date("2060-01-01")) });
    const { device, become, echo } = await live(await roots());
    assert.equal(device.openStream("127.0.0.1", peer.port), Status.Ok);
    await become("open");
    assert.equal((await echo(Buffer.from("hello"))).toString(), "hello");
  });

  it("is refused once the server has signed a later time than its end for two days, also after a restart", async () => {
    const cert = await chainUntil(new Date("2039-12-31"));
    const peer = await Own.start({ cert });
    const first = await live(await roots());
    assert.equal(first.device.openStream("127.0.0.1", peer.port), Status.Ok);
    await first.become("open");
    await first.echo(Buffer.from("hello"));
    first.device.closeStream();
    for (let days = 0; days <= 2; days++) {
      const accepted = first.count("accepted");
      await first.until(() => first.count("accepted") > accepted, "reported");
      passedMs += 24 * 3_600_000;
    }
    const accepted = first.count("accepted");
    await first.until(() => first.count("accepted") > accepted + 1, "reported");
    const refused = async ({ device, become }: typeof first): Promise<void> => {
      assert.equal(device.openStream("127.0.0.1", peer.port), Status.Ok);
      await become("failed");
      const failure = device.events.findLast(({ name }) => name === "tls-failed")!;
      assert.equal(hex(failure.data), "0000002d00000000", "certificate_expired");
    };
    await refused(first);
    await first.off();
    await refused(await live(await roots(), first.flash));
    assert.equal(peer.sockets.length, 1);
  });
});
