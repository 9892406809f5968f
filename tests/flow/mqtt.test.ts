// weight: 15 s, 0.5 cores
/** A device that speaks MQTT inside TLS, through a broker, to the server. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connectAsync, type MqttClient } from "mqtt";
import { missing, startBroker, type Broker } from "../../tools/demo/broker.ts";
import { RESPONSE_FAULTS } from "../../tools/facts/device.ts";
import { CHOICES } from "../../tools/firmware/choices.ts";
import * as tls from "../../tools/server/tls.ts";
import { until } from "../server/wait.ts";
import { Subject, World } from "./world.ts";

/** A device is silent for 4 minutes before it says that it is there. */
const PING_MS = 240_000;
const INTERVAL_MS = 300_000;

describe("a device that speaks MQTT", { skip: missing() }, () => {
  let world: World;
  let broker: Broker;
  let log: string;
  let listener: MqttClient;
  let device: Subject;
  const heard: { topic: string; retained: boolean }[] = [];

  before(async () => {
    world = await World.start();
    const identity = await tls.load(join(world.folder, "broker.key"), "broker", Date.now());
    log = join(world.folder, "broker.log");
    const more = `allow_anonymous true\nlog_type all\nlog_dest file ${log}\n`;
    broker = await startBroker(world.folder, { identity, more });
    await world.join(broker.url);
    listener = await connectAsync(broker.url);
    listener.on("message", (topic, _, { retain }) => heard.push({ topic, retained: retain }));
    await listener.subscribeAsync("#", { qos: 1 });
    device = await Subject.make(world, {
      use: Object.entries(CHOICES.mqtt.use).map(([choice, value]) => `${choice}=${value}`),
      link: "esp-at",
      port: broker.tlsPort,
      intervalMs: INTERVAL_MS,
      settings: { port: broker.tlsPort, tlsKeys: [identity.publicKey] },
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

  /** Let time pass while no command to the module is in progress, which would time out. */
  const pass = async (ms: number): Promise<void> => {
    await device.quiet();
    device.skip(ms);
  };
  const topics = (from = 0): string[] => heard.slice(from).map(({ topic }) => topic.replace(device.id, "ID"));

  it("enrols and reports on topics with its id, and retains nothing", () => {
    const pairs = ["challenge", "enrol", "reports"].flatMap((asked) => [
      `signet/ask/ID/${asked}`,
      `signet/answer/ID/${asked}`,
    ]);
    assert.deepEqual(topics(), pairs);
    assert.ok(heard.every(({ retained }) => !retained));
  });

  it("keeps its connection alive until the next report", async () => {
    const pings = (): number => readFileSync(log, "utf8").split(`Received PINGREQ from ${device.id}`).length - 1;
    await pass(PING_MS);
    await until("a PINGREQ", () => pings() === 1);
    const accepted = device.see("accepted");
    await pass(INTERVAL_MS - PING_MS);
    await accepted;
    assert.equal(device.said("secured").length, 1);
    await world.checkHonest(device);
  });

  it("reports over another connection when the broker was lost, and the broker tells of a device that is lost", async () => {
    await broker.stop();
    await broker.start();
    await until("the server is back", () => world.server.mqtt!.connected);
    const accepted = device.see("accepted", 1, 60_000);
    await pass(INTERVAL_MS);
    await accepted;
    await until("the listener is back", () => listener.connected);
    await device.stop();
    await until("the will", () => topics().includes("signet/lost/ID"));
    await device.start();
    await device.see("accepted");
    await world.checkHonest(device);
  });
});

/** Rights of the operator's guide. */
const ACL = `user server
topic read signet/ask/#
topic write signet/answer/#
pattern write signet/ask/%u/+
pattern read signet/answer/%u/+
pattern write signet/lost/%u
`;

it("a broker with accounts lets in a device with its password alone", { skip: missing() }, async (t) => {
  const world = await World.start();
  t.after(() => world.close());
  const place = (name: string): string => join(world.folder, name);
  writeFileSync(place("acl"), ACL);
  writeFileSync(place("passwords"), "server:one\ndev-7:two\n");
  execFileSync("mosquitto_passwd", ["-U", place("passwords")]);
  const identity = await tls.load(place("broker.key"), "broker", Date.now());
  const more = `allow_anonymous false\npassword_file ${place("passwords")}\nacl_file ${place("acl")}\n`;
  const broker = await startBroker(world.folder, { identity, more });
  t.after(() => broker.stop());
  await world.join(broker.url.replace("//", "//server:one@"));
  const make = (mqttPassword: string): Promise<Subject> =>
    Subject.make(world, {
      use: ["ROAD_MQTT=1"],
      link: "esp-at",
      port: broker.tlsPort,
      settings: { port: broker.tlsPort, tlsKeys: [identity.publicKey], mqttUser: "dev-7", mqttPassword },
    });
  const [device, thief] = [await make("two"), await make("three")];
  t.after(() => Promise.all([device.stop(), thief.stop()]));
  await device.start();
  await device.see("accepted", 2);
  await thief.start();
  const { data } = await thief.see("response-refused");
  assert.equal(Buffer.from(data).readUInt32BE(), RESPONSE_FAULTS["broker-refused"][0]);
  await world.checkHonest(device);
});
