import { MQTT_REPLY_MS } from "../../../assembly/config";
import * as account from "../../../assembly/exchange/account";
import { MQTT_DATA_MOST, MQTT_TOPIC_MOST, ResponseFault } from "../../../assembly/exchange/facts";
import * as pubsub from "../../../assembly/exchange/pubsub";
import { Status } from "../../../assembly/lib/status";
import { hex, show } from "../support/hex";

const out = memory.data(2048, 8);
const id = memory.data(32, 8);
const stream = memory.data(1024, 8);

const CONNACK = "20020000";
const CONNACK_KNOWN = "20020100";
/** QoS 0 on `a`: 01. QoS 1, number 7, on `b/c`: 0203. */
const NEWS = "300400016101";
const NEWS_KEPT = "32090003622f6300070203";

function put(at: usize, text: string): u32 {
  return <u32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at);
}

function text(flags: u32, value: string): void {
  expect(account.put(flags, put(account.place(), value))).toBe(Status.Ok);
}

/** Pull all, `step` bytes at a time. */
function pulled(step: u32 = 1000): string {
  let len: u32 = 0;
  for (let got = pubsub.pull(out, step); got; got = pubsub.pull(out + len, step)) len += got;
  return show(out, len);
}

/** Push bytes, `step` at a time; returns how many were taken. */
function push(packets: string, step: u32 = 1): u32 {
  const bytes = hex(packets);
  let taken: u32 = 0;
  while (taken < <u32>bytes.length) {
    const more = pubsub.push(bytes.dataStart + taken, min(step, <u32>bytes.length - taken));
    if (!more) break;
    taken += more;
  }
  return taken;
}

/** A client `me` without more. */
function begin(): void {
  account.clear();
  pubsub.clear();
  pubsub.tick(0);
  text(0, "me");
  expect(account.complete(60)).toBe(Status.Ok);
}

/** The same, accepted by its broker. */
function join(): void {
  begin();
  pubsub.open(id, 32);
  pulled();
  push(CONNACK);
}

function publish(topic: string, message: string, qos: u32): Status {
  const place = pubsub.room();
  if (!place) return Status.Again;
  return pubsub.publish(put(place, topic), put(place + topic.length, message), qos);
}

function subscribe(filter: string, qos: u32 = 1): Status {
  return pubsub.subscribe(put(pubsub.filter(), filter), qos);
}

describe("a client of MQTT", () => {
  it("states its account in the order of CONNECT", () => {
    account.clear();
    pubsub.clear();
    text(0, "me");
    text(0x0c, "w/t");
    text(0x100, "by");
    text(0x80, "u");
    text(0x40, "pw");
    expect(account.complete(300)).toBe(Status.Ok);
    pubsub.open(id, 32);
    expect(pulled(1)).toBe(
      "101e" + "00044d515454" + "04cc012c" + "00026d65" + "0003772f74" + "00026279" + "000175" + "00027077",
    );
  });

  it("has the id as its name where the account has none", () => {
    memory.fill(id, 0xa5, 32);
    account.clear();
    pubsub.clear();
    account.complete(0);
    pubsub.open(id, 32);
    const name = "6135".repeat(32);
    expect(pulled()).toBe("104c" + "00044d515454" + "04000000" + "0040" + name);
  });

  it("refuses an account that CONNECT cannot state", () => {
    begin();
    text(0x40, "pw");
    expect(account.complete(60)).toBe(Status.Malformed);
    begin();
    text(0x14, "w");
    expect(account.complete(60)).toBe(Status.Malformed);
    begin();
    expect(account.put(0, 65)).toBe(Status.TooLong);
    expect(account.put(0x04, 65)).toBe(Status.TooLong);
    expect(account.put(0x80, 257)).toBe(Status.TooLong);
    expect(account.put(0x80, 254)).toBe(Status.Ok);
    expect(account.put(0x40, 256)).toBe(Status.TooLong);
    expect(account.put(0x40, 254)).toBe(Status.Ok);
    expect(account.put(0x40, 0)).toBe(Status.TooLong);
  });

  it("subscribes, publishes and receives, in any pieces", () => {
    for (let step: u32 = 1; step < 9; step += 7) {
      begin();
      subscribe("a");
      expect(publish("t", "hi", 1)).toBe(Status.Ok);
      pubsub.open(id, 32);
      pulled(step);
      push(CONNACK, step);
      expect(pulled(step)).toBe("82060002" + "000161" + "01");
      push("9003000201", step);
      expect(pulled(step)).toBe("3207" + "000174" + "0001" + "6869");
      expect(publish("t", "hi", 1)).toBe(Status.Again);
      push("40020001", step);
      expect(publish("t", "hi", 0)).toBe(Status.Ok);
      expect(pulled(step)).toBe("3005" + "000174" + "6869");
      push(NEWS_KEPT, step);
      expect(show(pubsub.topic(), pubsub.topicLen())).toBe("622f63");
      expect(show(pubsub.message(), pubsub.len())).toBe("0203");
      expect(pulled(step)).toBe("");
      expect(push(NEWS, step)).toBe(0);
      pubsub.take();
      expect(pulled(step)).toBe("40020007");
      push(NEWS, step);
      expect(show(pubsub.message(), pubsub.len())).toBe("01");
      pubsub.take();
      expect(pulled(step)).toBe("");
      pubsub.leave();
      expect(pulled(step)).toBe("e000");
    }
  });

  it("repeats a message and its subscriptions over the next connection", () => {
    join();
    subscribe("a", 0);
    pulled();
    push("9003000100");
    publish("t", "hi", 1);
    expect(pulled()).toBe("3207" + "000174" + "0002" + "6869");
    pubsub.lost();
    pubsub.open(id, 32);
    pulled();
    push(CONNACK);
    expect(pulled()).toBe("82060003" + "000161" + "00");
    push("9003000300");
    expect(pulled()).toBe("3a07" + "000174" + "0002" + "6869");
    pubsub.lost();
    pubsub.open(id, 32);
    pulled();
    push(CONNACK_KNOWN);
    expect(pulled()).toBe("3a07" + "000174" + "0002" + "6869");
  });

  it("ends a subscription, and drops one that is refused", () => {
    join();
    subscribe("a");
    pulled();
    push("9003000180");
    expect(pubsub.unsubscribe(put(pubsub.filter(), "a"))).toBe(Status.Unexpected);
    subscribe("b");
    pulled();
    push("9003000201");
    expect(pubsub.unsubscribe(put(pubsub.filter(), "b"))).toBe(Status.Ok);
    expect(pulled()).toBe("a2050003" + "000162");
    push("b0020003");
    expect(pulled()).toBe("");
    expect(pubsub.isIdle()).toBe(true);
  });

  it("pings, and leaves a silent broker", () => {
    join();
    pubsub.tick(47_999);
    expect(pulled()).toBe("");
    pubsub.tick(48_000);
    expect(pulled()).toBe("c000");
    push("d000");
    pubsub.tick(96_000);
    expect(pulled()).toBe("c000");
    pubsub.tick(96_001 + MQTT_REPLY_MS);
    expect(pubsub.fault()).toBe(ResponseFault.BrokerSilent);
  });

  it("refuses packets that a broker may not send, or not now", () => {
    const wrong = [
      "20020000", "d000", "40020001", "9003000100", "b0020001", "10020000", "34040001610101", "3600", "30020000", "300100",
      "30040009616161", "320400016100", "32050001610000", "30ffffffff", "e000", "0000",
    ]; // prettier-ignore
    for (let i = 0; i < wrong.length; i++) {
      join();
      push(wrong[i]);
      expect(pubsub.fault()).toBe(ResponseFault.Packet, wrong[i]);
    }
    begin();
    pubsub.open(id, 32);
    pulled();
    push("20020005");
    expect(pubsub.fault()).toBe(ResponseFault.BrokerRefused);
  });
});

let seed: u32 = 20_261_128;

function random(below: u32): u32 {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed % below;
}

describe("20,000 mutated streams of a broker of one's own", () => {
  it("end in messages within their limits, or in a named fault", () => {
    const whole = hex(CONNACK + "9003000201" + "40020001" + NEWS + NEWS_KEPT + NEWS_KEPT + NEWS);
    let faults = 0;
    let messages = 0;
    for (let n = 0; n < 20_000; n++) {
      memory.copy(stream, whole.dataStart, whole.length);
      const changes = random(4);
      for (let i: u32 = 0; i < changes; i++) store<u8>(stream + random(whole.length), <u8>random(256));
      account.clear();
      pubsub.clear();
      account.complete(0);
      subscribe("a");
      publish("t", "hi", 1);
      pubsub.open(id, 32);
      const step = 1 + random(2);
      for (let at: u32 = 0, turns = 0; at < <u32>whole.length && !pubsub.fault(); turns++) {
        if (turns > 1_000) throw new Error("no byte is taken any more");
        pubsub.tick(turns * 200);
        while (pubsub.pull(out, 1 + random(100)));
        at += pubsub.push(stream + at, min(step, whole.length - at));
        if (!pubsub.hasMessage()) continue;
        if (!pubsub.topicLen() || pubsub.topicLen() > MQTT_TOPIC_MOST || pubsub.len() > MQTT_DATA_MOST)
          throw new Error("a message beyond its limits");
        messages++;
        pubsub.take();
      }
      if (pubsub.fault()) faults++;
    }
    expect(faults).toBeGreaterThan(2_000);
    expect(messages).toBeGreaterThan(20_000);
  });
});
