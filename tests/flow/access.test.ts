// weight: 10 s, 0.5 cores
/** A device's proof of itself at a broker that asks the server: made by the application's client of MQTT for each connection. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { test, type TestContext } from "node:test";
import { sql } from "kysely";
import { RESPONSE_FAULTS, STATUSES } from "../../tools/facts/device.ts";
import { CHOICES } from "../../tools/firmware/choices.ts";
import { startServer } from "../../tools/server/server.ts";
import * as tls from "../../tools/server/tls.ts";
import { repeat, until } from "../server/wait.ts";
import { number, Subject, World } from "./world.ts";

const [OK] = STATUSES.ok;
const [MALFORMED] = STATUSES.malformed;
const [TOO_LONG] = STATUSES["too-long"];
const CONNECT = 0x10;
const PINGREQ = 0xc0;
const ALLOWED = Buffer.from([0x20, 2, 0, 0]);
/** Not authorized. */
const DENIED = Buffer.from([0x20, 2, 0, 5]);

/** The texts of a client, under the names of `POST /v1/authorize`. */
interface Given {
  readonly clientid: string;
  readonly username: string;
  readonly password: string;
}

type Answer = Readonly<Record<string, string>>;

/** Ask a server about a client. */
async function authorize(server: { readonly url: string }, token: string, given: Given): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", connection: "close" };
  const url = `${server.url}/v1/authorize?denied=200`;
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(given) });
  assert.equal(answer.status, 200);
  return (await answer.json()) as Answer;
}

/** Read a CONNECT with client, user and password, and no will. */
function readConnect(packet: Buffer): Given {
  assert.equal(packet[0], CONNECT);
  let at = packet[1]! < 128 ? 2 : 3;
  const text = (): string => {
    const length = packet.readUInt16BE(at);
    at += 2 + length;
    return packet.toString("latin1", at - length, at);
  };
  assert.equal(text(), "MQTT");
  assert.deepEqual([packet[at], packet[at + 1]], [4, 0xc0]);
  at += 4;
  const given = { clientid: text(), username: text(), password: text() };
  assert.equal(at, packet.length);
  return given;
}

interface Broker {
  readonly port: number;
  readonly publicKey: Uint8Array;
  /** The texts of each client, and the answer of the server about them. */
  readonly asked: (readonly [Given, Answer])[];
  /** End the connections. */
  drop(): void;
}

/** Start a broker that lets in whom the server allows. It knows CONNECT and PINGREQ. */
async function startBroker(t: TestContext, world: World, token: string): Promise<Broker> {
  const identity = await tls.load(join(world.folder, "broker.key"), "broker", Date.now());
  const asked: [Given, Answer][] = [];
  const open = new Set<TLSSocket>();
  const admit = async (given: Given, socket: TLSSocket): Promise<void> => {
    const answer = await authorize(world.server, token, given);
    asked.push([given, answer]);
    socket.write(answer["result"] === "allow" ? ALLOWED : DENIED);
  };
  const server = createServer({ cert: identity.certificate, key: identity.key, minVersion: "TLSv1.3" }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
    let got = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      if (bytes[0] === PINGREQ) return;
      got = Buffer.concat([got, bytes]);
      const length = got.length < 3 ? Infinity : got[1]! < 128 ? 2 + got[1]! : 3 + (got[1]! & 127) + 128 * got[2]!;
      if (got.length < length) return;
      const given = readConnect(got);
      got = Buffer.alloc(0);
      void admit(given, socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const drop = (): void => open.forEach((socket) => socket.destroy());
  t.after(drop);
  return { port: (server.address() as AddressInfo).port, publicKey: identity.publicKey, asked, drop };
}

/** A server, a broker, and a device with an application's client of MQTT, which has its first receipt. */
async function scene(t: TestContext, use: readonly string[] = []): Promise<[World, Broker, Subject, string]> {
  const world = await World.start({ tls: true });
  t.after(() => world.close());
  const token = world.server.adminToken!;
  const broker = await startBroker(t, world, token);
  const { port, publicKey } = world.server.tls!;
  const device = await Subject.make(world, {
    use: [...Object.entries(CHOICES.pubsub.use).map(([name, value]) => `${name}=${value}`), ...use],
    link: "esp-at",
    port,
    intervalMs: 1_000_000_000,
    settings: { port, tlsKeys: [publicKey, broker.publicKey] },
  });
  t.after(() => device.stop());
  await device.start();
  await device.see("accepted");
  return [world, broker, device, token];
}

const become = (device: Subject, state: string): Promise<void> => until(state, () => device.guest.mqtt.state === state);

test("a broker lets the device in by its access, made anew for each connection; not with another client, later, or for another server", async (t) => {
  const [world, broker, device, token] = await scene(t);
  assert.equal(device.guest.mqtt.open({ port: broker.port, access: true }), OK);
  await become(device, "open");
  const [[given, answer]] = broker.asked as [[Given, Answer]];
  assert.deepEqual([given.clientid, given.username], [device.id, device.id]);
  assert.deepEqual([answer["result"], answer["device"]], ["allow", device.id]);
  const denial = async (more: Partial<Given>): Promise<unknown> =>
    (await authorize(world.server, token, { ...given, ...more }))["reason"];
  assert.equal(await denial({ clientid: `${device.id}-2` }), "wrong-client");
  assert.equal(await denial({ username: "pump" }), "wrong-user");
  const { password } = given;
  const flipped = Buffer.from(password, "base64url");
  flipped[flipped.length - 1]! ^= 1;
  assert.equal(await denial({ password: flipped.toString("base64url") }), "bad-signature");

  // The same devices at a server of another name.
  const database = join(world.folder, "other.sqlite");
  await sql`vacuum into ${database}`.execute(world.server.store.read);
  const other = await startServer({ port: 0, database, audience: "other.test" });
  assert.equal((await authorize(other, token, given))["reason"], "wrong-audience");
  await other.close();

  // After 5 minutes the copy is void. So is what a device makes whose count is 5 minutes ahead: it learns the time from its next receipt.
  world.clockMs += 298_000;
  await repeat("the end of the access", async () => (await denial({})) === "wrong-time");
  device.skip(700_000);
  const refused = device.see("response-refused");
  broker.drop();
  await become(device, "waiting");
  assert.equal(number(await refused), RESPONSE_FAULTS["broker-refused"][0]);
  assert.equal(broker.asked.at(-1)![1]["reason"], "wrong-time");
  const accepted = device.see("accepted");
  assert.equal(device.guest.send(Buffer.from("what time is it")), OK);
  await accepted;
  await become(device, "open");
  const [again, allowed] = broker.asked.at(-1)!;
  assert.equal(allowed["result"], "allow");
  assert.notEqual(again.password, password);
  await world.checkHonest(device);
});

test("an account has either an access or texts of its own, and a will that fits beside it", async (t) => {
  const [, broker, device] = await scene(t);
  const { mqtt } = device.guest;
  const open = (more: object): number => mqtt.open({ port: broker.port, access: true, ...more });
  for (const texts of [{ client: "me" }, { user: "me" }, { user: "me", password: "it" }])
    assert.equal(open(texts), MALFORMED, JSON.stringify(texts));
  const will = (bytes: number): object => ({ will: { topic: "t", message: "m".repeat(bytes), qos: 0 } });
  assert.equal(open(will(227)), TOO_LONG);
  assert.equal(open(will(226)), OK);
});

test("a signer that answers later signs the access, and the device continues if it is not taken", async (t) => {
  const [world, broker, device] = await scene(t, ["SIGNER_POLLS=60"]);
  const { mqtt } = device.guest;
  assert.equal(mqtt.open({ port: broker.port, access: true }), OK);
  await become(device, "open");
  assert.equal(broker.asked[0]![1]["result"], "allow");
  broker.drop();
  await until("another connection", () => mqtt.state === "waiting");
  mqtt.close();
  const accepted = device.see("accepted");
  assert.equal(device.guest.send(Buffer.from("without the broker")), OK);
  await accepted;
  await world.checkHonest(device);
});
