// weight: 89 s, 0.4 cores
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Status } from "../../assembly/lib/status.ts";
import { withBody } from "../../tools/attacker/http.ts";
import { findSecret } from "../../tools/demo/flash.ts";
import { ROWS, adding } from "../../tools/facts/family.ts";
import * as noises from "../../tools/guest/noise.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { hash } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import { AUDIENCE, number, SHAPE, Subject, World } from "./world.ts";

const REPORTS = "/v1/reports";
const ENROL = "/v1/enrol";

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

/** An answer as HTTP, in place of another. */
function http(status: number, type: string, body: Uint8Array): Uint8Array {
  const head = `HTTP/1.1 ${status} x\r\ncontent-type: application/${type}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Return the common fields of answers about `message` of this device. */
function about(subject: Subject, message: Uint8Array) {
  const device = Buffer.from([...subject.said("key-made"), ...subject.said("key-loaded")][0]!.data);
  return { issuer: AUDIENCE, issuedAt: Math.floor(Date.now() / 1000), device, about: hash(message) };
}

/** The device's rows: counters in the order stored, and whether their chain has no hole. */
async function counters(subject: Subject): Promise<number[]> {
  return (await world.server.reports(subject.id)).map((row) => row.counter).toSorted((a, b) => a - b);
}

for (const [link, { isMobile }] of ROWS) {
  describe(`a device's life over ${link}`, () => {
    it("enrols, reports, and is the same device after each restart, with a counter that only rises", async () => {
      const use = Object.keys(adding(link)).map((name) => `${name}=1`);
      const subject = await Subject.make(world, { link, use, settings: isMobile ? { apn: "internet" } : {} });
      for (const reports of [10, 5, 5]) {
        await subject.start();
        await subject.see("accepted", reports);
      }
      await subject.stop();
      const ids = ["key-made", "key-loaded", "key-loaded"].map((name, i) =>
        hex(subject.said(name)[Math.max(0, i - 1)]!.data),
      );
      assert.equal(new Set(ids).size, 1);
      assert.deepEqual(
        subject.said("booted").map((event) => number(event)),
        [1, 2, 3],
      );
      const sent = subject.said("sent").map((event) => number(event));
      const stored = await counters(subject);
      assert.ok(stored.length >= 20);
      assert.equal(new Set(stored).size, stored.length);
      for (const event of subject.said("accepted")) assert.ok(stored.includes(number(event)));
      for (let i = 1; i < sent.length; i++) assert.ok(sent[i]! > sent[i - 1]! || sent[i] === sent[i - 1]);
      assert.equal(subject.guest.deaths, 0);
    });
  });
}

describe("randomness", () => {
  const bad: [string, noises.Noise, string][] = [
    ["no source and no seed", noises.none, "die 1"],
    ["a source stuck at 00", noises.stuck(0), "die 2"],
    ["a source stuck at ff", noises.stuck(0xff), "die 2"],
    ["a biased source", noises.leaning(0x5a, "biased"), "die 5"],
    ["a source that gives nothing", noises.silent, "die 6"],
    ["a slow source", noises.slow(20, "slow"), "die 3"],
  ];
  for (const [name, noise, epitaph] of bad) {
    it(`makes no key from ${name}, and prints the reason`, async () => {
      const subject = await Subject.make(world, { noise });
      subject.guest.boot();
      for (let turns = 0; turns < 200 && subject.guest.deaths === 0; turns++) {
        subject.skip(500);
        subject.guest.turn();
      }
      assert.equal(subject.guest.epitaph, epitaph);
      assert.equal(subject.said("key-made").length, 0);
      assert.equal(number(subject.said("no-entropy")[0]!), Number(epitaph.slice(4)));
    });
  }

  it("waits longer and longer between failed starts, and works once the source is repaired", async () => {
    const subject = await Subject.make(world, { noise: noises.stuck(7) });
    subject.guest.boot();
    while (subject.guest.deaths < 7) {
      subject.skip(100);
      subject.guest.turn();
    }
    assert.deepEqual(
      subject.said("resting").map((event) => number(event)),
      [2000, 4000, 8000, 16_000, 32_000],
    );
    subject.guest.noise = noises.real;
    const rests = subject.see("resting");
    await subject.start();
    await rests;
    subject.skip(120_000);
    await subject.see("accepted", 2);
    await subject.stop();
    const rows = await world.server.reports(hex(subject.said("key-made")[0]!.data));
    assert.equal(rows.filter((row) => row.epitaph !== null).length, 1);
  });

  it("uses a factory seed without a source, with another key for each seed", async () => {
    const made = await Promise.all(
      [1, 2, 1].map(async (fill) => {
        const subject = await Subject.make(world, {
          noise: noises.none,
          settings: { seed: new Uint8Array(48).fill(fill) },
        });
        subject.guest.boot();
        while (subject.said("key-made").length === 0) subject.guest.turn();
        return hex(subject.said("key-made")[0]!.data);
      }),
    );
    assert.notEqual(made[0], made[1]);
    assert.equal(made[0], made[2]);
  });

  it("tests its source again, and reseeds from it, after 256 requests", async () => {
    const good = noises.seeded("life");
    let samples = 0;
    const subject = await Subject.make(world, {
      noise: { quality: good.quality, read: (max) => ((samples += max), good.read(max)) },
      intervalMs: 1,
    });
    await subject.start();
    await subject.see("accepted", 3);
    const atStart = samples;
    await subject.until(() => samples > atStart, 60_000);
    await subject.see("accepted", 20);
    // A start-up test of 1,024 samples, and what 256 bits with full entropy take.
    assert.ok(samples - atStart >= 1_024 + 40);
    assert.equal(subject.guest.deaths, 0);
    await subject.stop();
  });

  it("stops if its source fails later, when the generator asks it again", async () => {
    const subject = await Subject.make(world, {
      noise: noises.failing(1_200, noises.stuck(1), "later"),
      intervalMs: 1,
    });
    await subject.start();
    await subject.see("accepted", 3);
    // Each report takes a request; a reseed is due after 256 of them.
    await subject.until(() => subject.guest.deaths > 0, 60_000);
    assert.equal(number(subject.said("no-entropy")[0]!), 2);
    await subject.stop();
  });
});

describe("answers from other senders", () => {
  it("ignores a forged, a changed and an old receipt, and repeats the same bytes until the right one arrives", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 2);
    const stranger = ed25519.fromSeed(new Uint8Array(32).fill(9));
    let message = new Uint8Array(0);
    const requests: string[] = [];
    const old = subject.attacker.heard.findLast((exchange) => exchange.path === REPORTS && exchange.answer)!.answer!
      .body;
    const tricks: ((request: Uint8Array, receipt: Uint8Array) => Uint8Array)[] = [
      (request) => messages.sealReceipt(stranger, { ...about(subject, request), counter: 1 }),
      (_request, receipt) => receipt.map((byte, i) => (i === receipt.length - 1 ? byte ^ 1 : byte)),
      () => old,
    ];
    for (const trick of tricks) {
      const played = subject.attacker.play("down", REPORTS, (exchange) => {
        requests.push(hex(exchange.request.body));
        message = Uint8Array.from(exchange.request.body);
        return [withBody(exchange.answer!, trick(message, exchange.answer!.body))];
      });
      const forged = subject.see("answer-forged");
      const accepted = subject.see("accepted");
      await played;
      await forged;
      await subject.until(() => subject.said("retry").length > 0);
      subject.skip(2_000);
      await accepted;
    }
    await subject.stop();
    const stored = (await world.server.reports(hex(subject.said("key-made")[0]!.data))).map((row) => row.message);
    for (const request of requests) assert.equal(stored.filter((row) => row.includes(request)).length, 1);
    assert.equal(subject.guest.deaths, 0);
  });

  it("ignores an enrolled that answers another enrol", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 1);
    const old = subject.attacker.heard.find((exchange) => exchange.path === ENROL)!.answer!.raw;
    void subject.attacker.play("down", ENROL, () => [old]);
    const forged = subject.see("answer-forged");
    await subject.start();
    assert.equal(number(await forged), 4);
    subject.skip(2_000);
    await subject.see("accepted", 1);
    await subject.stop();
  });
});

describe("refusals", () => {
  it("waits after an unsigned refusal, and changes nothing", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 2);
    void subject.attacker.play("down", REPORTS, () => [http(403, "cbor", messages.unsignedRefusal(7))]);
    const refused = await subject.see("refused");
    assert.deepEqual([number(refused), number(refused, 4)], [7, 0]);
    assert.equal(subject.said("silenced").length, 0);
    subject.skip(2_000);
    await subject.see("accepted", 2);
    await subject.stop();
  });

  it("sends nothing for a day when it is revoked, and then asks once", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 2);
    const revoke = (path: string) =>
      subject.attacker.play("down", path, ({ request }) => [
        http(403, "cose", messages.sealRefusal(world.signingKey(), { ...about(subject, request.body), reason: 7 })),
      ]);
    void revoke(REPORTS);
    await subject.see("silenced");
    const before = subject.attacker.heard.length;
    for (let hours = 0; hours < 23; hours++) {
      subject.skip(3_600_000);
      await sleep(20);
    }
    assert.equal(subject.attacker.heard.length, before);
    void revoke(ENROL);
    const again = subject.see("silenced");
    subject.skip(3_600_000);
    await again;
    assert.equal(subject.attacker.heard.length, before + 2);
    subject.skip(24 * 3_600_000);
    await subject.see("accepted", 2);
    await subject.stop();
  });

  it("enrols again when its report is refused as forked, and loses no data", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 2);
    const refusal = (request: Uint8Array) =>
      messages.sealRefusal(world.signingKey(), { ...about(subject, request), reason: 6 });
    void subject.attacker.play("up", REPORTS, ({ request }, connection) => {
      connection.toDevice(http(409, "cose", refusal(request.body)));
      return [];
    });
    const enrolled = subject.see("enrolled");
    await subject.see("refused");
    subject.skip(2_000);
    await enrolled;
    await subject.see("accepted", 2);
    await subject.stop();
  });
});

describe("commands", () => {
  it("obeys each once, ignores old and expired ones, and acknowledges", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 1);
    const now = Math.floor(Date.now() / 1000);
    let sent!: Uint8Array;
    const send = (counter: number, expires: number) =>
      subject.attacker.play("down", REPORTS, ({ request, answer }) => {
        const { about: _about, ...who } = about(subject, request.body);
        const command = { ...who, counter, expires, data: Buffer.from("led on") };
        const downlink = messages.sealDownlink(world.signingKey(), command);
        if (counter === 5 && expires > now) sent ??= downlink;
        const body = Buffer.concat([answer!.body, downlink]);
        return [withBody(answer!, body)];
      });
    void send(5, now + 60);
    const obeyed = await subject.see("command");
    assert.equal(number(obeyed), 5);
    assert.equal(Buffer.from(obeyed.data.subarray(4)).toString(), "led on");
    for (const [counter, expires] of [
      [5, now + 60],
      [4, now + 60],
      [6, now - 60],
    ] as const) {
      void send(counter, expires);
      assert.equal(number(await subject.see("command-ignored")), counter);
    }
    await subject.see("accepted", 1);
    await subject.start();
    void send(5, now + 60);
    await subject.see("command-ignored");
    await subject.stop();
    assert.equal(subject.said("command").length, 1);
    const last = subject.attacker.heard.findLast((exchange) => exchange.path === REPORTS)!.request.body;
    const { ack } = messages.readReport(open(last));
    assert.deepEqual([ack!.counter, hex(ack!.hash)], [5, hex(hash(sent).subarray(0, 8))]);
  });
});

describe("faults", () => {
  it("repeats the same bytes while the server is away, and loses nothing", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 3);
    await world.server.close();
    await subject.see("retry", 2);
    await world.startServer();
    subject.skip(10_000);
    await subject.see("accepted", 3);
    await subject.stop();
    const sent = new Set(subject.said("sent").map((event) => number(event)));
    const stored = new Set(await counters(subject));
    const unanswered = [...sent].filter((counter) => !stored.has(counter));
    assert.ok(unanswered.length <= 1, `without a receipt: ${unanswered}`);
  });

  it("reports the cause of its last death in the next enrol and report, once", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 1);
    await subject.stop();
    subject.guest.epitaph = "fault hard pc=00001234";
    await subject.start();
    await subject.see("accepted", 2);
    await subject.stop();
    const told = subject.attacker.heard
      .filter((exchange) => exchange.path === REPORTS)
      .map((exchange) => messages.readReport(open(exchange.request.body)).epitaph)
      .filter((epitaph) => epitaph !== undefined);
    assert.deepEqual(
      told.map((epitaph) => Buffer.from(epitaph).toString()),
      ["fault hard pc=00001234"],
    );
    const enrol = subject.attacker.heard.findLast((exchange) => exchange.path === ENROL)!.request.body;
    assert.equal(Buffer.from(messages.readEnrol(open(enrol)).epitaph!).toString(), "fault hard pc=00001234");
    assert.equal(subject.guest.epitaph, "");
  });

  it("sends the data of a C program, one message at a time", async () => {
    const subject = await Subject.make(world, { intervalMs: 1_000_000 });
    await subject.start();
    await subject.see("accepted", 1);
    assert.equal(subject.guest.send(new Uint8Array(513)), Status.TooLong);
    const accepted = subject.see("accepted");
    assert.equal(subject.guest.send(Buffer.from("from C")), Status.Ok);
    assert.equal(subject.guest.send(Buffer.from("too early")), Status.Again);
    assert.equal(Buffer.from((await accepted).data.subarray(4)).toString(), "from C");
    await subject.stop();
  });

  it("stays off the network without a factory page, and still has its key", async () => {
    const subject = await Subject.make(world);
    subject.guest.flash.bytes[20]! ^= 1;
    await subject.start();
    await subject.see("unconfigured");
    assert.equal(subject.attacker.heard.length, 0);
    assert.equal(subject.said("key-made").length, 1);
    await subject.stop();
  });

  for (const [choice, settings] of [
    ["WITHOUT_TLS=1", { tlsKeys: [new Uint8Array(32)] }],
    ["WITHOUT_CHAINS=1", { tlsRoots: [new Uint8Array(32)] }],
    ["", { baud: 921_600 }],
  ] as const) {
    it(`stays off the network if the factory page asks for a part that the image omits: ${choice || "baud"}`, async () => {
      const subject = await Subject.make(world, { use: choice ? [choice] : [], settings });
      await subject.start();
      await subject.see("unconfigured");
      await subject.stop();
      assert.equal(subject.attacker.heard.length, 0);
    });
  }

  it("never sends its secret", async () => {
    const subject = await Subject.make(world);
    await subject.start();
    await subject.see("accepted", 2);
    await subject.stop();
    const wire = Buffer.concat(subject.attacker.bytes);
    const key = (await world.server.devices()).find((row) => row.id === hex(subject.said("key-made")[0]!.data))!.key;
    const secret = findSecret(subject.guest.flash.bytes.subarray(SHAPE.pageBytes), Buffer.from(key, "hex"))!;
    assert.equal(secret.length, ed25519.SEED_BYTES);
    assert.equal(wire.indexOf(secret), -1);
  });
});
