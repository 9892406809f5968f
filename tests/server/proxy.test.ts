// weight: 4 s, 0.7 cores
/** Trusted proxies: the address of a client is what they tell, by the PROXY protocol or X-Forwarded-For; the word of others does not count. */
import assert from "node:assert/strict";
import net from "node:net";
import { describe, test, type TestContext } from "node:test";
import tls from "node:tls";
import { freePort } from "../../tools/line/port.ts";
import { seeded } from "../../tools/line/random.ts";
import { Proxies, read } from "../../tools/server/proxy.ts";
import { PATHS } from "../../tools/wire/exchange.ts";
import { certify, identity } from "../tls/identities.ts";
import { Files, missing, Peer } from "../tls/peers.ts";
import { answers } from "../../tools/line/port.ts";
import { serve, type Fixture } from "./harness.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
/** Requests that an address has; time stands still. */
const MOST = 2;
const HOST = "127.0.0.1";
/** The longest line of version 1, without its end. */
const LONGEST = `PROXY UNKNOWN ${"f".repeat(91)}`;

/** A header of the PROXY protocol; `fields` is hexadecimal. */
function header(command: number, family: number, fields: string): Buffer {
  const rest = Buffer.from(fields, "hex");
  const head = Buffer.from([command, family, rest.length >> 8, rest.length & 255]);
  return Buffer.concat([Buffer.from(SIGNATURE, "hex"), head, rest]);
}

/** The header for a client with this IPv4 address. */
function from(address: string): Buffer {
  const bytes = Buffer.from(address.split(".").map(Number)).toString("hex");
  return header(0x21, 0x11, `${bytes}7f000001c3501f90`);
}

test("headers of the PROXY protocol", () => {
  const ipv6 = `20010db8${"00".repeat(11)}07${"00".repeat(16)}c3501f90`;
  const whole: [Buffer, unknown][] = [
    [from("192.0.2.7"), { length: 28, address: "192.0.2.7" }],
    [header(0x21, 0x21, ipv6), { length: 52, address: "2001:db8:0:0:0:0:0:7" }],
    [header(0x21, 0x11, "c000020701020304000100022000050a0b"), { length: 33, address: "192.0.2.7" }],
    [header(0x20, 0x00, ""), { length: 16, address: undefined }],
    [header(0x20, 0x11, "c00002077f000001c3501f90"), { length: 28, address: undefined }],
    [header(0x21, 0x31, "00".repeat(216)), { length: 232, address: undefined }],
    [header(0x21, 0x12, "c00002077f000001c3501f90"), { length: 28, address: undefined }],
    [Buffer.from("PROXY TCP4 192.0.2.7 127.0.0.1 50000 443\r\n"), { length: 42, address: "192.0.2.7" }],
    [Buffer.from("PROXY TCP6 2001:db8::7 ::1 50000 443\r\n"), { length: 38, address: "2001:db8::7" }],
    [Buffer.from("PROXY UNKNOWN\r\n"), { length: 15, address: undefined }],
    [Buffer.from(`${LONGEST}\r\n`), { length: 107, address: undefined }],
  ];
  for (const [bytes, found] of whole) {
    assert.deepEqual(read(Buffer.concat([bytes, Buffer.from("rest")])), found);
    for (let len = 0; len < bytes.length; len++) assert.equal(read(bytes.subarray(0, len)), undefined, `${len} bytes`);
  }
  assert.equal(read(Buffer.from("POST / HTTP/1.1\r\n")), "none");
  assert.equal(read(Buffer.from("\r\n\r\nPOST")), "none");
  assert.equal(read(Buffer.from("PROXIES")), "none");
  const wrong = [
    header(0x22, 0x11, "c00002077f000001c3501f90"),
    header(0x11, 0x11, "c00002077f000001c3501f90"),
    header(0x21, 0x11, "c00002077f000001c350"),
    header(0x21, 0x21, "00".repeat(35)),
    header(0x21, 0x11, "00".repeat(521)),
    ...[
      `${LONGEST}ff`,
      "PROXY TCP4 client 127.0.0.1 50000 443\r\n",
      "PROXY TCP4 ::1 127.0.0.1 50000 443\r\n",
      "PROXY SCTP 192.0.2.7 127.0.0.1 50000 443\r\n",
      "PROXY TCP4 192.0.2.7 127.0.0.1\r\n",
      "PROXY \r\n",
    ].map((text) => Buffer.from(text)),
  ];
  for (const bytes of wrong) assert.equal(read(bytes), "malformed", bytes.toString("hex"));
});

test("20,000 mutated headers (seed 1) are read or refused, and name an address or nothing", () => {
  const random = seeded(1);
  const seeds = [
    from("192.0.2.7"),
    header(0x21, 0x21, "00".repeat(40)),
    Buffer.from("PROXY TCP6 2001:db8::7 ::1 50000 443\r\n"),
  ];
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(seeds[random.below(seeds.length)]!);
    for (let n = random.below(4); n >= 0; n--) bytes[random.below(bytes.length)] = random.below(256);
    const found = read(bytes.subarray(0, random.below(bytes.length + 1)));
    if (typeof found !== "object") continue;
    assert.ok(found.length <= bytes.length);
    assert.ok(found.address === undefined || net.isIP(found.address) !== 0, found.address);
  }
});

test("lists of proxies", () => {
  const proxies = new Proxies("127.0.0.1, 10.0.0.0/8,fd00::/8");
  for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3", "fd12::1"]) assert.ok(proxies.trusts(address));
  for (const address of ["127.0.0.2", "11.0.0.1", "::1", "", undefined, "name"]) assert.ok(!proxies.trusts(address));
  for (const list of ["", "host", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "127.0.0.1,", "::1/129"])
    assert.throws(() => new Proxies(list), /neither an address nor a network/);
});

const ask = (fields = ""): string =>
  `POST ${PATHS.challenge} HTTP/1.1\r\nhost: signet\r\n${fields}content-type: x\r\ncontent-length: 0\r\n\r\n`;

/** The status of the answer to a request; 0 if the connection ends without one. Each connection has one request. */
function status(bytes: Buffer | string, connect: () => net.Socket, pieces = false): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect();
    let text = "";
    socket.on("data", (part: Buffer) => {
      text += part.toString("latin1");
      const found = /^HTTP\/1\.1 (\d+) /.exec(text);
      if (!found) return;
      socket.destroy();
      resolve(Number(found[1]));
    });
    socket.on("error", () => resolve(0)).on("close", () => resolve(0));
    const all = Buffer.from(bytes);
    void (async () => {
      for (let at = 0; at < all.length; at += pieces ? 1 : all.length)
        await new Promise((done) => socket.write(all.subarray(at, at + (pieces ? 1 : all.length)), done));
    })();
  });
}

/** Use up the requests of a client, and then look whether another one has its own. */
async function assertApart(one: () => Promise<number>, other: () => Promise<number>): Promise<void> {
  for (let at = 0; at < MOST; at++) assert.equal(await one(), 200);
  assert.equal(await one(), 429);
  assert.equal(await other(), 200);
}

/** A server that trusts a proxy on 127.0.0.1, and gives each address few requests. */
const started = (t: TestContext, more = {}): Promise<Fixture> =>
  serve(t, {
    rates: { device: [1e6, 1e6], address: [1e-9, MOST], failures: [1e6, 1e6] },
    trustedProxy: HOST,
    tls: { port: 0 },
    ...more,
  });

const plain =
  (port: number, localAddress = HOST) =>
  (): net.Socket =>
    net.connect({ host: HOST, port, localAddress });
const secured =
  (port: number, localAddress = HOST, before?: Buffer) =>
  (): net.Socket => {
    const socket = plain(port, localAddress)();
    if (before) socket.write(before);
    return tls.connect({ socket, rejectUnauthorized: false });
  };

test("the PROXY protocol names the client, also byte by byte, on plain HTTP and before TLS", async (t) => {
  const { port, tls: inside } = await started(t);
  const say =
    (address: string, pieces = false) =>
    (): Promise<number> =>
      status(Buffer.concat([from(address), Buffer.from(ask())]), plain(port), pieces);
  await assertApart(say("192.0.2.1"), say("192.0.2.2", true));
  const hidden = (address: string) => (): Promise<number> => status(ask(), secured(inside!.port, HOST, from(address)));
  await assertApart(hidden("192.0.2.3"), hidden("192.0.2.4"));
  // The address of the proxy has not been used up: a check of its own, and a connection without header, count for it.
  assert.equal(await status(Buffer.concat([header(0x20, 0, ""), Buffer.from(ask())]), plain(port)), 200);
  assert.equal(await status(ask(), plain(port)), 200);
  assert.equal(await status(ask(), plain(port)), 429);
});

test("X-Forwarded-For of a proxy on plain HTTP: the last address that is no proxy's", async (t) => {
  const { port } = await started(t, { trustedProxy: `${HOST},10.0.0.0/8` });
  const say = (value: string) => (): Promise<number> => status(ask(`x-forwarded-for: ${value}\r\n`), plain(port));
  await assertApart(say("198.51.100.9, 192.0.2.1"), say("192.0.2.1, 192.0.2.2, 10.1.1.1"));
  await assertApart(say("2001:db8::1"), say("2001:db8::2"));
  // Without an address in it, the proxy's own counts.
  await assertApart(say("unknown"), say("192.0.2.9"));
});

test("the word of others does not count", async (t) => {
  const { port, tls: inside } = await started(t);
  const OTHER = "127.0.0.2";
  let at = 1;
  const forwarded = (): string => ask(`x-forwarded-for: 192.0.2.${at++}\r\n`);
  await assertApart(
    () => status(forwarded(), plain(port, OTHER)),
    () => status(ask(), plain(port, "127.0.0.3")),
  );
  assert.equal(await status(Buffer.concat([from("192.0.2.99"), Buffer.from(ask())]), plain(port, OTHER)), 400);
  // Inside TLS that ends at the server, a device writes the fields itself: the proxy only passes its bytes on.
  await assertApart(
    () => status(forwarded(), secured(inside!.port)),
    () => status(forwarded(), secured(inside!.port, HOST, from("192.0.2.98"))),
  );
});

test("a header that is malformed or late ends the connection", async (t) => {
  const { port } = await started(t, { limits: { headersTimeoutMs: 200 } });
  assert.equal(await status(header(0x22, 0x11, "c00002077f000001c3501f90"), plain(port)), 0);
  assert.equal(await status(from("192.0.2.1").subarray(0, 20), plain(port)), 0);
});

describe("HAProxy", { skip: missing("/usr/sbin/haproxy") }, () => {
  /** The recipe of tools/tls/README.md, on free ports: TLS that ends at the server, and TLS that ends at HAProxy. */
  test("both recipes: limits are by the address of the device", async (t) => {
    const { port, tls: inside } = await started(t);
    const files = new Files();
    t.after(() => files.remove());
    const own = await identity("server");
    const both = files.put("both.pem", `${(await certify({ subject: own })).toString("pem")}\n${own.pem}`);
    const [through, ended] = [await freePort(), await freePort()];
    const config = `defaults
 timeout connect 60s
 timeout client 60s
 timeout server 60s
frontend through
 mode tcp
 bind ${HOST}:${through}
 default_backend signet-tls
backend signet-tls
 mode tcp
 server one ${HOST}:${inside!.port} send-proxy-v2
frontend ended
 mode http
 bind ${HOST}:${ended} ssl crt ${both} ssl-min-ver TLSv1.3
 option forwardfor
 default_backend signet
backend signet
 mode http
 server one ${HOST}:${port}
`;
    const peer = new Peer(0, "/usr/sbin/haproxy", ["-db", "-f", files.put("haproxy.cfg", config)]);
    t.after(() => peer.stop());
    while (!peer.ended && !(await answers(ended))) await new Promise((done) => setTimeout(done, 20));
    assert.ok(!peer.ended, peer.output);
    for (const front of [through, ended]) {
      const by = (address: string) => (): Promise<number> => status(ask(), secured(front, address));
      await assertApart(by(`127.0.0.${front === through ? 2 : 4}`), by(`127.0.0.${front === through ? 3 : 5}`));
    }
  });
});
