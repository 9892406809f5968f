// weight: 12 s, 0.5 cores
/** An application's client of MQTT beside the reports of its device: through mosquitto inside TLS, and to `tools/server`. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connectAsync, type MqttClient } from "mqtt";
import { missing, startBroker, type Broker } from "../../tools/demo/broker.ts";
import { RESPONSE_FAULTS, STATUSES } from "../../tools/facts/device.ts";
import { CHOICES } from "../../tools/firmware/choices.ts";
import * as tls from "../../tools/server/tls.ts";
import { until } from "../server/wait.ts";
import { number, Subject, World } from "./world.ts";

const [OK] = STATUSES.ok;
const [TOO_LONG] = STATUSES["too-long"];
const [MALFORMED] = STATUSES.malformed;
const [UNEXPECTED] = STATUSES.unexpected;
const WILL = { topic: "pump/lost", message: "gone", qos: 1 } as const;

describe("an application's client of MQTT", { skip: missing() }, () => {
  let world: World;
  let broker: Broker;
  let listener: MqttClient;
  let device: Subject;
  const heard: { topic: string; message: string; retained: boolean }[] = [];

  before(async () => {
    world = await World.start({ tls: true });
    const passwords = join(world.folder, "passwords");
    writeFileSync(passwords, "other:one\npump:two\n");
    execFileSync("mosquitto_passwd", ["-U", passwords]);
    const identity = await tls.load(join(world.folder, "broker.key"), "broker", Date.now());
    const more = `allow_anonymous false\npassword_file ${passwords}\n`;
    broker = await startBroker(world.folder, { identity, more });
    listener = await connectAsync(broker.url, { username: "other", password: "one" });
    listener.on("message", (topic, message, { retain }) =>
      heard.push({ topic, message: message.toString(), retained: retain }),
    );
    await listener.subscribeAsync("#", { qos: 1 });
    device = await Subject.make(world, {
      use: Object.entries(CHOICES.pubsub.use).map(([choice, value]) => `${choice}=${value}`),
      link: "esp-at",
      port: world.server.tls!.port,
      intervalMs: 1_000_000_000,
      settings: { port: world.server.tls!.port, tlsKeys: [world.server.tls!.publicKey, identity.publicKey] },
    });
    await device.start();
    await device.see("accepted");
  });
  after(async () => {
    await device?.stop();
    await listener?.endAsync(true);
    await world.close();
    await broker.stop();
  });

  const got: string[] = [];
  /** Wait until the application has taken a message. */
  const take = (what: string): Promise<void> =>
    until(what, () => {
      for (let next = device.guest.mqtt.receive(); next; next = device.guest.mqtt.receive())
        got.push(`${next.topic} ${next.message}`);
      return got.includes(what);
    });
  const hear = (what: string): Promise<void> =>
    until(what, () => heard.some(({ topic, message }) => `${topic} ${message}` === what));
  const open = (password = "two"): number =>
    device.guest.mqtt.open({ port: broker.tlsPort, user: "pump", password, will: WILL });
  const become = (state: string): Promise<void> => until(state, () => device.guest.mqtt.state === state);
  const publish = (topic: string, message: string, qos = 1): Promise<void> =>
    until("room", () => device.guest.mqtt.publish(topic, message, qos) === OK);

  it("publishes and receives at QoS 0 and 1, and retains nothing", async () => {
    const { mqtt } = device.guest;
    assert.equal(mqtt.publish("pump/level", "23"), UNEXPECTED);
    assert.equal(mqtt.subscribe("pump/set"), UNEXPECTED);
    assert.equal(open(), OK);
    assert.equal(open(), UNEXPECTED);
    assert.equal(device.guest.openStream("127.0.0.1", broker.tlsPort), UNEXPECTED);
    assert.equal(mqtt.subscribe("pump/set/+", 1), OK);
    assert.equal(mqtt.subscribe("pump/now", 0), OK);
    await become("open");
    await publish("pump/level", "one", 0);
    await publish("pump/level", "two", 1);
    await publish("pump/level", "x".repeat(512), 1);
    await hear(`pump/level ${"x".repeat(512)}`);
    await hear("pump/level one");
    await hear("pump/level two");
    await listener.publishAsync("pump/set/a", "1".repeat(512), { qos: 1 });
    await listener.publishAsync("pump/set/b", "2", { qos: 0 });
    await listener.publishAsync("pump/now", "3", { qos: 1 });
    await take(`pump/set/a ${"1".repeat(512)}`);
    await take("pump/set/b 2");
    await take("pump/now 3");
    assert.ok(heard.every(({ retained }) => !retained));
  });

  it("refuses what it cannot send", () => {
    const { mqtt } = device.guest;
    assert.equal(mqtt.publish("pump/+", "x"), MALFORMED);
    assert.equal(mqtt.publish("", "x"), MALFORMED);
    assert.equal(mqtt.publish("pump", "x", 2), MALFORMED);
    assert.equal(mqtt.publish("p".repeat(65), "x"), TOO_LONG);
    assert.equal(mqtt.publish("pump", "x".repeat(513)), TOO_LONG);
    assert.equal(mqtt.subscribe(""), MALFORMED);
    assert.equal(mqtt.unsubscribe("pump/none"), UNEXPECTED);
    assert.equal(mqtt.subscribe("pump/3", 0), OK);
    assert.equal(mqtt.subscribe("pump/4", 0), OK);
    assert.equal(mqtt.subscribe("pump/5", 0), TOO_LONG);
    assert.equal(mqtt.unsubscribe("pump/3"), OK);
  });

  it("drops a message that is too long or has a long topic, and receives the next one", async () => {
    await listener.publishAsync("pump/set/long", "x".repeat(5_000), { qos: 1 });
    await listener.publishAsync(`pump/set/${"t".repeat(700)}`, "x", { qos: 1 });
    await listener.publishAsync("pump/set/c", "short", { qos: 1 });
    await take("pump/set/c short");
    assert.equal(got.length, 4);
  });

  it("lends the connection to a report, leaves no will behind, and misses no message at QoS 1", async () => {
    const accepted = device.accepted().length;
    assert.equal(device.guest.send(Buffer.from("of the application")), OK);
    await until("another state", () => device.guest.mqtt.state === "waiting");
    await listener.publishAsync("pump/set/a", "meanwhile", { qos: 1 });
    await until("the report", () => device.accepted().length > accepted);
    await take("pump/set/a meanwhile");
    assert.equal(device.guest.mqtt.state, "open");
    assert.ok(!heard.some(({ topic }) => topic === WILL.topic));
    await world.checkHonest(device);
  });

  it("receives no more on a topic that it left", async () => {
    assert.equal(device.guest.mqtt.unsubscribe("pump/now"), OK);
    await publish("pump/level", "after the UNSUBSCRIBE");
    await hear("pump/level after the UNSUBSCRIBE");
    await listener.publishAsync("pump/now", "unheard", { qos: 1 });
    await listener.publishAsync("pump/set/a", "heard", { qos: 1 });
    await take("pump/set/a heard");
    assert.ok(!got.some((message) => message.includes("unheard")));
  });

  it("repeats a message over the next connection, and subscribes again at a broker that lost the session", async () => {
    await broker.stop();
    await publish("pump/level", "while there was no broker");
    await broker.start();
    await until("the listener is back", () => listener.connected);
    await listener.subscribeAsync("#", { qos: 1 });
    await until("the message", () => {
      if (device.silentMs > 400) device.skip(1_000);
      return heard.some(({ message }) => message === "while there was no broker");
    });
    await listener.publishAsync("pump/set/a", "again", { qos: 1 });
    await take("pump/set/a again");
  });

  it("pings a quiet broker, whose will tells of a device that is lost", async () => {
    await device.quiet();
    device.skip(240_000);
    await device.quiet();
    device.skip(21_000);
    await device.quiet();
    assert.equal(device.guest.mqtt.state, "open");
    await device.stop();
    await hear(`${WILL.topic} ${WILL.message}`);
    await device.start();
    await device.see("accepted");
  });

  it("names a refusal by the broker, and reports go on", async () => {
    assert.equal(open("three"), OK);
    const refused = await device.see("response-refused");
    assert.equal(number(refused), RESPONSE_FAULTS["broker-refused"][0]);
    assert.equal(device.guest.mqtt.state, "waiting");
    device.guest.mqtt.close();
    assert.equal(device.guest.mqtt.state, "closed");
    const accepted = device.see("accepted");
    assert.equal(device.guest.send(Buffer.from("still here")), OK);
    await accepted;
    await world.checkHonest(device);
  });
});
