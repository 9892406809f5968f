/** The attacks on a carried stream do what they say, and the link comes back from each. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Connection } from "../../../tools/line/tap.ts";
import { FAMILIES, type FamilyName } from "../../../tools/modem/families.ts";
import { ATTACKS, type AttackName, attacker } from "../../../tools/modem/attacks.ts";
import { Mischief } from "../../../tools/modem/quirks.ts";
import { seeded } from "../../../tools/line/random.ts";
import { tapped } from "../../../tools/line/sockets.ts";
import { Uart } from "../../../tools/line/uart.ts";
import { Device, Family, LinkState } from "./device.ts";
import { converse, until } from "./session.ts";
import { Network, VirtualClock } from "./virtual.ts";

/** Send `pieces`, attack every piece, and return the bytes that arrive at the server's side. */
function through(name: AttackName, pieces: readonly string[]): { out: string[]; closed: boolean } {
  const out: string[] = [];
  let closed = false;
  const connection: Connection = {
    toServer: (bytes) => void out.push(Buffer.from(bytes).toString("latin1")),
    toDevice: () => assert.fail("the wrong way"),
    close: () => (closed = true),
  };
  const { tap } = attacker([name], seeded(1), 1);
  for (const piece of pieces) tap.up(connection, Buffer.from(piece, "latin1"));
  return { out, closed };
}

describe("an attacker of streams", () => {
  it("acts as its description says", () => {
    const whole = ["first piece", "second piece", "third piece"];
    const [flipped] = through("flip", whole).out;
    const difference = Buffer.from(whole[0] ?? "", "latin1").map((byte, at) => byte ^ (flipped ?? "").charCodeAt(at));
    assert.equal([...difference].filter((bits) => bits !== 0).length, 1);
    assert.ok((whole[0] ?? "").startsWith(through("truncate", whole).out[0] ?? "x"));
    assert.ok((through("truncate", whole).out[0] ?? "").length < (whole[0] ?? "").length);
    assert.deepEqual(through("drop", whole).out, []);
    assert.deepEqual(through("replay", ["a", "b"]).out, ["a", "a", "b", "a"]);
    assert.deepEqual(through("reorder", ["a", "b"]).out, ["b", "a"]);
    assert.ok(through("inject", ["ab"]).out.join("").length > 2);
    assert.ok(through("cut", whole).closed);
  });

  it("redirects connections", () => {
    const { tap } = attacker([], seeded(1), 0, { host: "elsewhere", port: 9 });
    assert.deepEqual(tap.target?.({ host: "here", port: 1 }), { host: "elsewhere", port: 9 });
  });

  for (const family of Object.keys(FAMILIES) as FamilyName[]) {
    it(`cannot keep the link down over ${family}`, async () => {
      const clock = new VirtualClock();
      const random = seeded(11);
      const device = await Device.make();
      const network = new Network(clock, random);
      const foe = attacker(Object.keys(ATTACKS) as AttackName[], random, 0.3);
      const down = new Uart(clock, random, 115_200, (bytes) => device.fromModule(bytes));
      const dial = tapped(network.dial, () => foe.tap);
      const module = FAMILIES[family]((bytes) => down.write(bytes), dial, clock, new Mischief([], random));
      const setting = { device, clock, random, network, write: (bytes: Buffer) => module.receive(bytes) };
      device.guest.start(Family[family], 0);
      for (let times = 0; times < 30; times++) {
        assert.ok(until(setting, 60_000, () => device.state === LinkState.ready));
        device.open("signet.example", 80);
        let pushed = 0;
        until(setting, 3000, () => {
          if (pushed < 1000) pushed += device.send(Buffer.alloc(100, 0x55));
          device.receive();
          return device.state === LinkState.peerClosed || device.state === LinkState.failed;
        });
        device.guest.close();
      }
      for (const name of Object.keys(ATTACKS))
        assert.ok((foe.done.get(name as AttackName) ?? 0) > 0, `${name} happened`);
      foe.attacks.clear();
      assert.ok(converse(setting, 800));
    });
  }
});
