/** TLS in tunnels: a stream that travels in requests and answers, over a carrier that loses, repeats and reorders them. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { request as httpRequest } from "node:http";
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { test, type TestContext } from "node:test";
import { LIMITS, Tunnels, type Take, type TunnelLimits } from "../../tools/server/tunnel.ts";
import { seeded } from "../../tools/line/random.ts";
import * as coap from "../../tools/wire/coap.ts";
import { readAnswer, writeRequest, TUNNEL_PATH, type Answer, type Request } from "../../tools/wire/tunnel.ts";
import { TunnelClient, type Post } from "../../tools/wire/tunnel_client.ts";
import { post } from "../../tools/wire/exchange.ts";
import { serve, type Fixture } from "./harness.ts";

const ID = "0102030405060708";
const EMPTY = new Uint8Array(0);

function posting(server: Fixture): Post {
  return async (bytes) => (await post(server.url + TUNNEL_PATH, "application/octet-stream", bytes)).body;
}

/** Open TLS in a tunnel. */
async function open(t: TestContext, carry: Post): Promise<TLSSocket> {
  const tunnel = new TunnelClient(carry);
  const socket = connect({ socket: tunnel, rejectUnauthorized: false, minVersion: "TLSv1.3" });
  tunnel.on("error", () => socket.destroy());
  t.after(() => void tunnel.destroy());
  await once(socket, "secureConnect");
  return socket;
}

/** Ask for a challenge over a connection; the status line and the body. */
async function challenge(socket: TLSSocket): Promise<string> {
  socket.write("POST /v1/challenge HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const ended = (): void => reject(new Error("the connection ended"));
    socket.once("close", ended).once("data", (data: Buffer) => {
      socket.off("close", ended);
      resolve(data);
    });
  });
  return bytes.toString("latin1");
}

test("TLS with its requests and answers travels in a tunnel", async (t) => {
  const server = await serve(t, { tls: { port: 0 } });
  const addresses = t.mock.method(server.intake, "challenge").mock;
  const socket = await open(t, posting(server));
  assert.match(await challenge(socket), /^HTTP\/1\.1 200 OK\r\n/);
  assert.deepEqual(addresses.calls[0]!.arguments, ["127.0.0.1"]);
  assert.match(await challenge(socket), /^HTTP\/1\.1 200 OK\r\n/);
});

test("requests and answers that are lost, doubled, late or out of order change no byte", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, tunnelLimits: { holdMs: 20 } });
  const honest = posting(server);
  const random = seeded(16);
  const seen: Uint8Array[] = [];
  const faults = { lost: 0, answerLost: 0, doubled: 0, replayed: 0 };
  const carry: Post = async (bytes) => {
    seen.push(bytes);
    const fate = random.below(8);
    if (fate === 0) {
      faults.lost++;
      throw new Error("lost");
    }
    if (fate === 1) {
      faults.answerLost++;
      await honest(bytes);
      throw new Error("its answer is lost");
    }
    if (fate === 2) {
      faults.doubled++;
      const [answer] = await Promise.all([honest(bytes), honest(bytes)]);
      return answer;
    }
    if (fate === 3) {
      faults.replayed++;
      // An old request comes late, and its answer in place of the right one; the device asks again.
      const old = await honest(seen[random.below(seen.length)]!);
      await honest(bytes);
      return old;
    }
    return honest(bytes);
  };
  const socket = await open(t, carry);
  for (let asked = 0; asked < 40; asked++) assert.match(await challenge(socket), /^HTTP\/1\.1 200 OK\r\n/);
  for (const [fault, count] of Object.entries(faults)) assert.ok(count > 0, fault);
});

/** Post a segment; its answer. */
async function segment(server: Fixture, parts: Partial<Request>): Promise<Answer> {
  const whole = { id: ID, open: false, more: false, from: 0, next: 0, room: 1024, data: EMPTY, ...parts };
  return readAnswer(await posting(server)(writeRequest(whole)))!;
}

test("an unknown connection is reported, and is made only on request", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, tunnelLimits: { holdMs: 1 } });
  assert.equal((await segment(server, {})).unknown, true);
  assert.equal((await segment(server, { open: true, from: 1 })).unknown, true);
  assert.equal((await segment(server, { open: true })).unknown, false);
  assert.equal((await segment(server, {})).unknown, false);
});

/** Tunnels whose handshakes end at once, or never; `ask` sends a segment of a connection, and returns true if that is known. */
function tunnels(t: TestContext, limits: Partial<TunnelLimits>, finishes: (id: string) => boolean) {
  let opening = "";
  const take: Take = (_stream, _address, finished) => void (finishes(opening) && finished());
  const made = new Tunnels({ ...LIMITS, holdMs: 0, ...limits }, take);
  t.after(() => made.close());
  return async (id: string, open: boolean, address = "192.0.2.1"): Promise<boolean> => {
    opening = id;
    const whole = { id: id.repeat(8), open, more: false, from: 0, next: 0, room: 1024, data: EMPTY };
    return !readAnswer((await made.answer(writeRequest(whole), address))!)!.unknown;
  };
}

test("a new connection beyond the limit ends the one that was silent longest", async (t) => {
  const ask = tunnels(t, { connections: 2 }, () => true);
  await ask("01", true);
  await ask("02", true);
  await ask("01", false);
  await ask("03", true);
  assert.deepEqual(await Promise.all(["01", "02", "03"].map((id) => ask(id, false))), [true, false, true]);
});

test("a flood of unfinished handshakes ends no idle connection, and none that another address opens", async (t) => {
  const ask = tunnels(t, { connections: 2, opening: 4 }, (id) => id === "01");
  await ask("01", true);
  await ask("02", true, "192.0.2.2");
  for (let id = 16; id < 116; id++) await ask(id.toString(16), true, "192.0.2.3");
  assert.deepEqual(await Promise.all(["01", "02", "10", "73"].map((id) => ask(id, false))), [true, true, false, true]);
});

test("a flood of segments leaves a device its connection", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, tunnelLimits: { holdMs: 1, connections: 1, opening: 2 } });
  const socket = await open(t, posting(server));
  for (let id = 16; id < 24; id++) await segment(server, { id: id.toString(16).repeat(8), open: true });
  assert.match(await challenge(socket), /^HTTP\/1\.1 200 OK\r\n/);
});

test("a connection that stays silent is ended", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, tunnelLimits: { holdMs: 1, idleMs: 30 } });
  await segment(server, { open: true });
  let known = true;
  // Each question is a sign of life: the pauses between them grow beyond the limit.
  for (let pauseMs = 10; known && pauseMs < 1000; pauseMs *= 2) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    known = !(await segment(server, {})).unknown;
  }
  assert.equal(known, false);
});

test("malformed segments get status 400, and a server without TLS has no tunnels", async (t) => {
  const server = await serve(t, { tls: { port: 0 } });
  const good = writeRequest({ id: ID, open: true, more: false, from: 0, next: 0, room: 0, data: EMPTY });
  const other = (at: number, value: number): Uint8Array => good.map((byte, i) => (i === at ? value : byte));
  for (const bytes of [EMPTY, good.subarray(1), other(0, 2), other(1, 2), other(1, 16)])
    assert.equal((await post(server.url + TUNNEL_PATH, "application/octet-stream", bytes)).status, 400);
  const plain = await serve(t);
  assert.equal((await post(plain.url + TUNNEL_PATH, "application/octet-stream", good)).status, 404);
});

test("a module that chooses another media type is answered", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, tunnelLimits: { holdMs: 1 } });
  const body = writeRequest({ id: ID, open: true, more: false, from: 0, next: 0, room: 100, data: EMPTY });
  const headers = { "content-type": "text/plain", "content-length": body.length, "x-module": "1" };
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const asked = httpRequest(server.url + TUNNEL_PATH, { method: "POST", headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject).end(body);
  });
  assert.equal(status, 200);
});

/** Send datagrams to a server, one at a time; the answer of each, or undefined after 100 ms without. */
async function datagrams(
  t: TestContext,
  server: Fixture,
): Promise<(bytes: Uint8Array) => Promise<coap.Message | undefined>> {
  const socket = createSocket("udp4");
  t.after(() => void socket.close());
  await new Promise<void>((resolve) => socket.connect(server.coap!.port, "127.0.0.1", resolve));
  return (bytes) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), 100);
      socket.removeAllListeners("message").once("message", (answer) => {
        clearTimeout(timer);
        resolve(coap.read(answer));
      });
      socket.send(bytes);
    });
}

const { confirmable, nonConfirmable, acknowledgement } = coap.Type;
const ASKED = { type: confirmable, code: coap.Code.post, id: 7, token: EMPTY, path: ["t"], payload: EMPTY };

test("TLS travels over CoAP, though messages are lost and repeated", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, coap: { port: 0 }, tunnelLimits: { holdMs: 20 } });
  const exchange = await datagrams(t, server);
  const random = seeded(5);
  let id = 0;
  let queue = Promise.resolve();
  const repeat = async (asked: Uint8Array): Promise<Uint8Array> => {
    // An answer that is lost: the same message again.
    for (;;) {
      const got = await exchange(asked);
      if (got !== undefined && random.below(3) > 0) return got.payload;
    }
  };
  const carry: Post = (payload) => {
    const asked = coap.write({ ...ASKED, id: ++id, payload });
    const got = queue.then(() => repeat(asked));
    const over = (): void => undefined;
    queue = got.then(over, over);
    return got;
  };
  const socket = await open(t, carry);
  for (let asked = 0; asked < 5; asked++) assert.match(await challenge(socket), /^HTTP\/1\.1 200 OK\r\n/);
});

test("a repeated message of CoAP gets the answer of the first, and any other an error or nothing", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, coap: { port: 0 }, tunnelLimits: { holdMs: 1 } });
  const exchange = await datagrams(t, server);
  const payload = writeRequest({ id: ID, open: true, more: false, from: 0, next: 0, room: 1024, data: EMPTY });
  const token = Uint8Array.of(1, 2, 3);
  const first = await exchange(coap.write({ ...ASKED, token, payload }));
  assert.deepEqual([first!.type, first!.code, first!.id], [acknowledgement, coap.Code.changed, 7]);
  assert.deepEqual(Buffer.from(first!.token), Buffer.from(token));
  assert.equal(readAnswer(first!.payload)!.unknown, false);
  const other = writeRequest({
    id: ID,
    open: false,
    more: false,
    from: 0,
    next: 5,
    room: 1024,
    data: Buffer.from("x"),
  });
  assert.deepEqual(await exchange(coap.write({ ...ASKED, token, payload: other })), first);
  const codes = [
    [coap.Code.badRequest, { payload: Buffer.from("x") }],
    [coap.Code.notFound, { path: ["x"], payload }],
    [coap.Code.notAllowed, { code: 1 }],
  ] as const;
  let id = 100;
  for (const [code, change] of codes)
    assert.equal((await exchange(coap.write({ ...ASKED, ...change, id: id++ })))?.code, code);
  const strange = Buffer.concat([Buffer.of(0x40, 2, 1, 1, 0xb1), Buffer.from("t"), Buffer.of(0x60, 0xff), payload]);
  assert.equal((await exchange(strange))?.code, coap.Code.badOption);
  const silent = [
    coap.write({ ...ASKED, type: nonConfirmable, id: 200, payload }),
    Buffer.of(0x40, 0, 2, 1),
    Buffer.of(0x49, 2, 2, 2),
    Buffer.of(0x80, 2, 2, 3),
    Buffer.of(0x40, 2, 2, 4, 0xff),
    Buffer.of(0x40, 2, 2, 5, 0xbe, 1),
    Buffer.of(0x40, 2, 2, 6, 0xf1, 1),
  ];
  for (const bytes of silent) assert.equal(await exchange(bytes), undefined, Buffer.from(bytes).toString("hex"));
});

test("a server that closes while it holds an answer of CoAP drops it", async (t) => {
  const server = await serve(t, { tls: { port: 0 }, coap: { port: 0 } });
  const exchange = await datagrams(t, server);
  const payload = writeRequest({ id: ID, open: true, more: false, from: 0, next: 0, room: 1024, data: EMPTY });
  const held = exchange(coap.write({ ...ASKED, payload }));
  await exchange(coap.write({ ...ASKED, id: 8, path: ["x"] }));
  await server.close();
  assert.equal(await held, undefined);
});
