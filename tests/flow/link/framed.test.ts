/** The firmware's framed link against the bridge, over wires that lose, change and invent bytes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Session } from "../../../tools/bridge/session.ts";
import { seeded } from "../../../tools/line/random.ts";
import { Uart } from "../../../tools/line/uart.ts";
import { Device, Family, LinkState } from "./device.ts";
import { type Setting, converse, converseOften, until } from "./session.ts";
import { Network, VirtualClock } from "./virtual.ts";

interface Bench extends Setting {
  readonly bridge: Session;
  /** Probability that a piece of bytes is damaged; may be changed. */
  readonly noise: { share: number };
}

async function bench(seed: number, share: number, baud = 115_200): Promise<Bench> {
  const clock = new VirtualClock();
  const random = seeded(seed);
  const device = await Device.make();
  const network = new Network(clock, random);
  const noise = { share };
  const hurt = (bytes: Buffer): Buffer => {
    if (random.unit() >= noise.share) return bytes;
    const at = random.below(bytes.length);
    const changed = Buffer.from(bytes);
    switch (random.below(4)) {
      case 0:
        changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
        return changed;
      case 1:
        return changed.subarray(0, at);
      case 2:
        return Buffer.concat([changed, changed.subarray(at)]);
      default:
        return Buffer.concat([
          Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256))),
          changed,
        ]);
    }
  };
  const down = new Uart(clock, random, baud, (bytes) => device.fromModule(hurt(bytes)));
  const bridge = new Session((bytes) => down.write(bytes), network.dial, clock);
  const up = new Uart(clock, random, baud, (bytes) => bridge.receive(hurt(bytes)));
  device.guest.start(Family.framed, 0);
  return { device, clock, random, network, bridge, noise, write: (bytes) => up.write(bytes) };
}

describe("the framed link", () => {
  it("carries all bytes over a wire that splits and delays", async () => {
    for (const baud of [9600, 115_200, 921_600]) converseOften(await bench(1, 0, baud), 10, 0);
  });

  for (const share of [0.002, 0.01, 0.05]) {
    it(`carries bytes in order when one piece in ${1 / share} is lost, cut, doubled or changed`, async (test) => {
      const setting = await bench(2, share);
      const outcome = converseOften(setting, 6, 100);
      test.diagnostic(`seed 2: ${outcome.done} connections went well, ${outcome.failed} did not`);
      setting.noise.share = 0;
      converseOften(setting, 3, 1);
    });
  }

  it("recovers when the bridge loses its memory at any moment", async () => {
    const setting = await bench(3, 0);
    for (let times = 0; times < 30; times++) {
      setting.clock.after(setting.random.below(600), () => setting.bridge.forget());
      converse(setting, 1 + setting.random.below(1500));
    }
    until(setting, 1000, () => false);
    assert.ok(converse(setting, 500));
  });

  it("recovers when the device restarts", async () => {
    const setting = await bench(4, 0);
    for (let times = 0; times < 30; times++) {
      until(setting, setting.random.below(800), () => {
        if (setting.device.state === LinkState.ready) setting.device.open("signet.example", 80);
        if (setting.device.state === LinkState.open) setting.device.send(Buffer.alloc(100, 0));
        return false;
      });
      setting.device.guest.start(Family.framed, Math.floor(setting.clock.now()));
    }
    converseOften(setting, 3, 0);
  });

  it("reports a host that refuses, and a peer that ends the connection", async () => {
    const setting = await bench(5, 0);
    const { device, network } = setting;
    network.refusing = true;
    for (let times = 0; times < 3; times++) assert.equal(converse(setting, 10), false);
    network.refusing = false;
    network.endAfter = 700;
    assert.ok(until(setting, 10_000, () => device.state === LinkState.ready));
    device.open("signet.example", 80);
    assert.ok(until(setting, 10_000, () => device.state === LinkState.open));
    let taken = 0;
    let got = 0;
    const ended = until(setting, 20_000, () => {
      if (taken < 700) taken += device.send(Buffer.alloc(Math.min(100, 700 - taken), 1));
      got += device.receive(9).length;
      return device.state === LinkState.peerClosed;
    });
    assert.ok(ended);
    assert.equal(got + device.receive().length, 700);
    network.endAfter = 0;
    device.guest.close();
    assert.ok(converse(setting, 300));
  });
});
