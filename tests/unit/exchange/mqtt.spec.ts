import { MQTT_PING_MS, MQTT_REPLY_MS } from "../../../assembly/config";
import { Question, Verdict } from "../../../assembly/exchange/exchange";
import { ResponseFault } from "../../../assembly/exchange/facts";
import * as mqtt from "../../../assembly/exchange/mqtt";
import { hex, show } from "../support/hex";

const ANSWER_ROOM: u32 = 32;
const GUARD_BYTES: u32 = 8;
const answer = memory.data(40, 8);
const out = memory.data(1024, 8);
const id = memory.data(32, 8);
const body = String.UTF8.encode("body!");
const user = String.UTF8.encode("dev-7");
const password = String.UTF8.encode("secret");
const prefix = String.UTF8.encode("p/7");

const CONNACK = "20020000";
const CONNACK_KNOWN = "20020100";
const PUBACK = "40020002";

/** A text as a field of MQTT. */
function field(value: string): string {
  const bytes = String.UTF8.encode(value);
  return length(bytes.byteLength) + show(changetype<usize>(bytes), bytes.byteLength);
}

function length(value: u32): string {
  store<u8>(out + 1000, <u8>(value >> 8));
  store<u8>(out + 1001, <u8>value);
  return show(out + 1000, 2);
}

/** A message at QoS 0. */
function message(topic: string, payload: string, first: string = "30"): string {
  const rest = field(topic) + payload;
  return first + length(rest.length / 2).substr(2) + rest;
}

/** Pull all, `step` bytes at a time. */
function pulled(step: u32 = 1000): string {
  let len: u32 = 0;
  for (let got = mqtt.pull(out, step); got; got = mqtt.pull(out + len, step)) len += got;
  return show(out, len);
}

/** Push bytes, `step` at a time. */
function push(packets: string, step: u32 = 1): void {
  const bytes = hex(packets);
  for (let i: u32 = 0; i < <u32>bytes.length; i += step)
    mqtt.push(bytes.dataStart + i, min(step, <u32>bytes.length - i));
}

function introduce(): void {
  mqtt.reset();
  mqtt.introduce(
    changetype<usize>(prefix),
    prefix.byteLength,
    changetype<usize>(user),
    user.byteLength,
    changetype<usize>(password),
    password.byteLength,
  );
}

function ask(question: Question = Question.Report): void {
  mqtt.ask(answer, ANSWER_ROOM, question, changetype<usize>(body), body.byteLength);
}

/** Begin a connection and ask, up to the question. */
function asked(): void {
  introduce();
  mqtt.open(id);
  ask();
  pulled();
  push(CONNACK_KNOWN);
  pulled();
}

const TOPIC = "p/7/answer/dev-7/reports";
const CONNECT =
  "1032" +
  field("MQTT") +
  "04cc012c" +
  field("dev-7") +
  field("p/7/lost/dev-7") +
  "0000" +
  field("dev-7") +
  field("secret");

describe("a question over MQTT", () => {
  it("joins, subscribes and publishes, in any pieces", () => {
    for (let step: u32 = 1; step < 9; step += 7) {
      introduce();
      mqtt.open(id);
      ask();
      expect(pulled(step)).toBe(CONNECT);
      push(CONNACK, step);
      expect(pulled(step)).toBe("82170001" + field("p/7/answer/dev-7/+") + "00");
      push("9003000100", step);
      expect(pulled(step)).toBe("321e" + field("p/7/ask/dev-7/reports") + "0002" + "626f647921");
      push(PUBACK, step);
      expect(mqtt.verdict()).toBe(Verdict.Pending);
      push(message(TOPIC, "d2aabb"), step);
      expect(mqtt.verdict()).toBe(Verdict.Answered);
      expect(show(answer, mqtt.len())).toBe("d2aabb");
      expect(mqtt.keeps()).toBe(true);
    }
  });

  it("goes over the connection there is", () => {
    asked();
    push(message(TOPIC, "01"));
    ask(Question.Challenge);
    expect(pulled()).toBe("3220" + field("p/7/ask/dev-7/challenge") + "0002" + "626f647921");
    push(message("p/7/answer/dev-7/challenge", "02"));
    expect(mqtt.verdict()).toBe(Verdict.Answered);
  });

  it("has the id as its channel where there is no user", () => {
    memory.fill(id, 0xa5, 32);
    mqtt.reset();
    mqtt.introduce(0, 0, 0, 0, 0, 0);
    mqtt.open(id);
    ask();
    const channel = "a5".repeat(32);
    expect(pulled()).toBe(
      "109c01" + field("MQTT") + "040c012c" + field(channel) + field("signet/lost/" + channel) + "0000",
    );
  });

  it("begins a clean session after one without an answer", () => {
    asked();
    mqtt.open(id);
    ask();
    expect(pulled().substr(16, 4)).toBe("04ce");
    push(CONNACK);
    pulled();
    push("9003000200");
    pulled();
    push(message(TOPIC, "01"));
    mqtt.open(id);
    ask();
    expect(pulled().substr(16, 4)).toBe("04cc");
  });

  it("steps over what is no answer", () => {
    asked();
    const others = [
      message("p/7/answer/dev-7/enrol", "aa"),
      message("p/7/answer/dev-7/reportz", "aa"),
      message("", "aa"),
      message(TOPIC, "aa", "31"),
      message(TOPIC, "aa".repeat(33)),
      "30ff7f" + field(TOPIC) + "aa".repeat(16357),
    ];
    for (let i = 0; i < others.length; i++) {
      push(others[i], 64);
      expect(mqtt.verdict()).toBe(Verdict.Pending, others[i].substr(0, 80));
    }
    push(message(TOPIC, "bb".repeat(32)), 64);
    expect(mqtt.verdict()).toBe(Verdict.Answered);
    push(message(TOPIC, "cc"));
    expect(show(answer, mqtt.len())).toBe("bb".repeat(32));
  });

  it("refuses what a broker may not send, by name", () => {
    const packets = [
      "20020000",
      "200200",
      "3001",
      "3000",
      "3200",
      "34",
      "36",
      "4003000000",
      "50020001",
      "9003000100",
      "d000",
      "d00100",
      "00",
      "f000",
      "30ffffffff",
      "300200ff",
    ];
    for (let i = 0; i < packets.length; i++) {
      asked();
      // Each has bytes behind it, so that one whose length is too small is complete.
      push(packets[i] + "0000");
      expect(mqtt.verdict()).toBe(Verdict.Failed, packets[i]);
      expect(mqtt.fault()).toBe(ResponseFault.Packet, packets[i]);
      expect(mqtt.keeps()).toBe(false, packets[i]);
    }
  });

  it("names a broker that refuses", () => {
    introduce();
    mqtt.open(id);
    ask();
    push(CONNACK);
    expect(mqtt.fault()).toBe(ResponseFault.Packet, "before CONNECT was sent");
    mqtt.open(id);
    ask();
    pulled();
    push("20020005");
    expect(mqtt.fault()).toBe(ResponseFault.BrokerRefused);
    mqtt.open(id);
    ask();
    pulled();
    push(CONNACK);
    pulled();
    push("9003000180");
    expect(mqtt.fault()).toBe(ResponseFault.TopicRefused);
  });
});

describe("a connection to a broker", () => {
  it("is kept alive, and given up if the broker is silent", () => {
    mqtt.tick(0);
    asked();
    push(message(TOPIC, "01"));
    mqtt.tick(MQTT_PING_MS - 1);
    expect(pulled()).toBe("");
    mqtt.tick(MQTT_PING_MS);
    expect(pulled()).toBe("c000");
    mqtt.tick(MQTT_PING_MS + 1);
    expect(pulled()).toBe("");
    push("d000");
    mqtt.tick(2 * MQTT_PING_MS);
    expect(pulled()).toBe("c000");
    mqtt.tick(2 * MQTT_PING_MS + MQTT_REPLY_MS + 1);
    expect(mqtt.fault()).toBe(ResponseFault.BrokerSilent);
  });

  it("ends in order", () => {
    asked();
    push(message(TOPIC, "01"));
    mqtt.leave();
    expect(pulled()).toBe("e000");
    mqtt.reset();
    mqtt.leave();
    expect(pulled()).toBe("");
  });
});

/** A generator of xorshift: the seed is fixed. */
let seed: u32 = 0x5eed;
function random(below: u32): u32 {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed % below;
}

describe("20,000 mutated streams of a broker", () => {
  it("write nothing outside of the answer, and end in a verdict", () => {
    const whole = hex(
      CONNACK + "9003000100" + PUBACK + message("p/7/answer/dev-7/enrol", "aabb") + message(TOPIC, "cc".repeat(30)),
    );
    const stream = memory.data(256);
    let failed = 0;
    let answered = 0;
    for (let n = 0; n < 20_000; n++) {
      memory.copy(stream, whole.dataStart, whole.length);
      const changes = random(4);
      for (let i: u32 = 0; i < changes; i++) store<u8>(stream + random(whole.length), <u8>random(256));
      memory.fill(answer, 0x77, ANSWER_ROOM + GUARD_BYTES);
      introduce();
      mqtt.open(id);
      ask();
      const step = 1 + random(2);
      for (let i: u32 = 0; i < <u32>whole.length; i += step) {
        while (mqtt.pull(out, 1 + random(100)));
        mqtt.push(stream + i, min(step, whole.length - i));
      }
      for (let i: u32 = 0; i < GUARD_BYTES; i++)
        if (load<u8>(answer + ANSWER_ROOM + i) != 0x77) throw new Error("bytes behind the answer");
      if (mqtt.verdict() == Verdict.Answered) answered++;
      if (mqtt.verdict() == Verdict.Failed) failed++;
      if ((mqtt.verdict() == Verdict.Failed) != (mqtt.fault() != ResponseFault.None)) throw new Error("no name");
    }
    expect(failed).toBeGreaterThan(2_000);
    expect(answered).toBeGreaterThan(100);
  });
});
