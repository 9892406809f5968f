import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { boardNames, loadBoard } from "../../tools/firmware/board.ts";
import * as device from "../../tools/flash/device.ts";
import * as hex from "../../tools/flash/hex.ts";
import * as image from "../../tools/flash/image.ts";
import { Journal } from "../../tools/flash/journal.ts";
import * as label from "../../tools/flash/label.ts";
import { isForeign, newPage, provision } from "../../tools/flash/provision.ts";
import * as seeds from "../../tools/flash/seed.ts";
import { Trouble } from "../../tools/trouble.ts";
import { hex as hexOf } from "../../tools/wire/bytes.ts";
import * as factory from "../../tools/wire/factory.ts";

const SEED = 0x62617463;
const folder = mkdtempSync(join(tmpdir(), "signet-batch-"));
after(() => rmSync(folder, { recursive: true }));

const id = (n: number): string => n.toString(16).padStart(64, "0");
const claim = (n: number): string => n.toString(16).padStart(32, "c");

describe("the journal", () => {
  /** A journal of three devices: finished, with a claim, with an id only. */
  function write(path: string): void {
    const journal = Journal.open(path, "microbit", "claim");
    journal.add({ number: 1, step: "id", id: id(1) });
    journal.add({ number: 1, step: "claim", claim: claim(1) });
    journal.add({ number: 1, step: "admitted" });
    journal.add({ number: 1, step: "done" });
    journal.add({ number: 2, step: "id", id: id(2) });
    journal.add({ number: 2, step: "claim", claim: claim(2) });
    journal.add({ number: 3, step: "id", id: id(3) });
    journal.close();
  }

  it("is read back as it was written", () => {
    const path = join(folder, "whole.ndjson");
    write(path);
    const journal = Journal.open(path, "microbit", "claim");
    assert.equal(journal.finished, 1);
    assert.deepEqual(journal.entries, [
      { number: 1, id: id(1), claim: claim(1), admitted: true, done: true },
      { number: 2, id: id(2), claim: claim(2), admitted: false, done: false },
      { number: 3, id: id(3), admitted: false, done: false },
    ]);
    assert.equal(journal.byClaim(claim(2))?.number, 2);
    journal.close();
  });

  it("cut at any byte contains the steps with whole lines, and continues", () => {
    const path = join(folder, "cut.ndjson");
    write(path);
    const whole = readFileSync(path);
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const lines = whole.subarray(0, length).toString().split("\n").length - 1;
      const journal = Journal.open(path, "microbit", "claim");
      const steps = journal.entries.reduce(
        (sum, one) => sum + 1 + Number(one.claim !== undefined) + Number(one.admitted) + Number(one.done),
        0,
      );
      assert.equal(steps, Math.max(lines - 1, 0), `cut at ${length}`);
      journal.add({ number: journal.entries.length + 1, step: "id", id: id(99) });
      journal.close();
      const again = Journal.open(path, "microbit", "claim");
      assert.equal(again.entries.at(-1)?.id, id(99));
      again.close();
    }
  });

  it("accepts no claim and no id twice", () => {
    const path = join(folder, "twice.ndjson");
    write(path);
    const journal = Journal.open(path, "microbit", "claim");
    assert.throws(() => journal.add({ number: 3, step: "claim", claim: claim(1) }));
    assert.throws(() => journal.add({ number: 2, step: "claim", claim: claim(9) }));
    assert.throws(() => journal.add({ number: 4, step: "id", id: id(1) }));
    assert.throws(() => journal.add({ number: 9, step: "id", id: id(9) }));
    assert.throws(() => journal.add({ number: 9, step: "done" }));
    journal.close();
    const again = Journal.open(path, "microbit", "claim");
    assert.equal(again.entries.length, 3);
    again.close();
  });

  it("that was changed, is of another batch, or is open already, is refused by name", () => {
    const path = join(folder, "changed.ndjson");
    write(path);
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, [...lines.slice(0, 3), lines[2], ...lines.slice(3)].join("\n"));
    assert.throws(() => Journal.open(path, "microbit", "claim"), /line 4: an impossible step/);
    writeFileSync(path, "hello\n");
    assert.throws(() => Journal.open(path, "microbit", "claim"), /line 1: not a line of a journal/);
    writeFileSync(path, "{}\n");
    assert.throws(() => Journal.open(path, "microbit", "claim"), /is not a journal/);
    rmSync(path);
    write(path);
    assert.throws(() => Journal.open(path, "microbit", "allowlist"), /of a batch of microbit by claim/);
    const journal = Journal.open(path, "microbit", "claim");
    assert.throws(() => Journal.open(path, "microbit", "claim"), /is already running/);
    journal.close();
  });
});

describe("device.json", () => {
  const least = {
    server: { host: "127.0.0.1", port: 8080, audience: "signet.local", keys: ["01".repeat(32)] },
    module: { family: "esp-at" },
  };
  const parse = (value: unknown): device.DeviceConfig => device.parse(JSON.stringify(value), "device.json");

  it("becomes a factory page, each with its own seed", () => {
    const most = {
      ...least,
      claim: "ab".repeat(16),
      reportIntervalMs: 5,
      server: { ...least.server, tlsKeys: ["02".repeat(32)], tlsRoots: ["03".repeat(32)] },
      module: { family: "framed", ssid: "net", secret: "s", baud: 921_600, flow: "cts" },
      mqtt: { user: "d-7", password: "p" },
    };
    const page = factory.read(device.page(parse(most)));
    assert.deepEqual(
      { ...page, seed: undefined },
      {
        link: "framed",
        host: "127.0.0.1",
        port: 8080,
        audience: "signet.local",
        serverKeys: [new Uint8Array(32).fill(1)],
        tlsKeys: [new Uint8Array(32).fill(2)],
        tlsRoots: [new Uint8Array(32).fill(3)],
        ssid: "net",
        networkSecret: "s",
        apn: undefined,
        apnUser: undefined,
        apnPassword: undefined,
        pin: undefined,
        commands: undefined,
        certificate: undefined,
        baud: 921_600,
        flow: 2,
        mqttPrefix: undefined,
        mqttUser: "d-7",
        mqttPassword: "p",
        claim: new Uint8Array(16).fill(0xab),
        seed: undefined,
        reportIntervalMs: 5,
      },
    );
    const seeds = Array.from({ length: 50 }, () =>
      Buffer.from(factory.read(device.page(parse(least))).seed!).toString("hex"),
    );
    assert.ok(seeds.every((seed) => seed.length === 96));
    assert.equal(new Set(seeds).size, 50);
  });

  // prettier-ignore
  const wrong: [what: string, value: unknown, says: RegExp][] = [
    ["a port too high", { ...least, server: { ...least.server, port: 65536 } }, /: server\.port: /],
    ["no server", { module: least.module }, /: server: /],
    ["a key too short", { ...least, server: { ...least.server, keys: ["01"] } }, /: server\.keys\.0: is 32 bytes in hexadecimal/],
    ["three keys", { ...least, server: { ...least.server, keys: Array(3).fill("01".repeat(32)) } }, /: server\.keys: holds one or two keys/],
    ["another module", { ...least, module: { family: "hayes" } }, /: module\.family: is one of framed, esp-at/],
    ["a user that is no channel", { ...least, mqtt: { user: "a/b" } }, /: mqtt\.user: has 1 to 64/],
    ["a prefix with a wildcard", { ...least, mqtt: { prefix: "a/#" } }, /: mqtt\.prefix: is the beginning/],
    ["a password without a user", { ...least, mqtt: { password: "p" } }, /: mqtt: a password has a user/],
    ["a field that is none", { ...least, prot: 1 }, /prot/],
    ["a claim too short", { ...least, claim: "ab" }, /: claim: is 16 to 32 bytes/],
    ["a host too long", { ...least, server: { ...least.server, host: "é".repeat(33) } }, /: server\.host: has 1 to 64 bytes/],
    ["a seed too short", { ...least, seed: "ab" }, /: seed: is 48 bytes/],
    ["an interval of none", { ...least, reportIntervalMs: 0 }, /: reportIntervalMs: /],
    ["a list", [], /: the file: /],
  ];
  for (const [what, value, says] of wrong) {
    it(`with ${what} is refused by the name of the field`, () => {
      assert.throws(
        () => parse(value),
        (error) => error instanceof Trouble && says.test(error.message) && error.hint !== "",
      );
    });
  }

  it("that is not JSON is refused", () => {
    assert.throws(() => device.parse("{", "device.json"), /device\.json is not JSON/);
  });
});

describe("no two boards get one seed", () => {
  const told = {
    server: { host: "127.0.0.1", port: 8080, audience: "signet.local", keys: ["01".repeat(32)] },
    module: { family: "esp-at" },
  };
  const withSeed = { ...told, seed: "07".repeat(48) };
  const seedOf = (page: Uint8Array): string => hexOf(factory.read(page).seed!);
  const opened = (name: string): Journal => Journal.open(join(folder, name), "microbit", "claim");
  const config = device.parse(JSON.stringify(told), "x");

  it("from one file with a seed: the seed of the page is fresh, and equals neither that seed nor an earlier one", () => {
    const given = device.parse(JSON.stringify(withSeed), "x");
    const all = Array.from({ length: 50 }, () => seedOf(device.page(given)));
    assert.equal(new Set([...all, "07".repeat(48)]).size, 51);
  });

  it("from a batch: a common file with a seed is refused, before anything is opened", async () => {
    const path = join(folder, "common.json");
    for (const [field, wrong] of Object.entries({ seed: withSeed, claim: { ...told, claim: "ab".repeat(16) } })) {
      writeFileSync(path, JSON.stringify(wrong));
      const options = { board: "microbit", count: 2, config: path, journal: join(folder, "never.ndjson") };
      const rest = { way: "claim", registry: { url: "", token: "", days: 1 }, benches: [] } as const;
      const run = provision({
        ...options,
        ...rest,
        nextBoard: () => Promise.reject(new Error()),
        say: () => undefined,
      });
      await assert.rejects(run, (error) => error instanceof Trouble && error.message.includes(`has a ${field}, but`));
      assert.ok(!existsSync(options.journal));
    }
  });

  it("from a random generator that repeats its output, as after the machine was set back: the journal refuses it, also after a restart", () => {
    const seed = new Uint8Array(48).fill(3);
    const first = opened("repeat.ndjson");
    assert.equal(seedOf(newPage(first, config, undefined, seed)), hexOf(seed));
    assert.throws(() => newPage(first, config, undefined, seed), /repeats its output/);
    first.close();
    const again = opened("repeat.ndjson");
    assert.throws(() => newPage(again, config, undefined, seed), /repeats its output/);
    assert.notEqual(seedOf(newPage(again, config)), hexOf(seed));
    again.close();
  });

  it("from a journal: it contains hashes of seeds, each written before its page, and no seed", () => {
    const journal = opened("hashes.ndjson");
    const pages = [newPage(journal, config), newPage(journal, config, new Uint8Array(16))];
    journal.close();
    const text = readFileSync(join(folder, "hashes.ndjson"), "utf8");
    for (const page of pages) {
      assert.ok(!text.includes(seedOf(page)));
      assert.ok(text.includes(seeds.hashOf(factory.read(page).seed!)));
    }
  });

  it("from a journal with a line twice: it is refused by name", () => {
    const journal = opened("doubled.ndjson");
    newPage(journal, config);
    journal.close();
    const path = join(folder, "doubled.ndjson");
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, [...lines.slice(0, 2), lines[1], ""].join("\n"));
    assert.throws(() => opened("doubled.ndjson"), /line 3: an impossible step/);
  });

  it("from a journal that was deleted: a board of the earlier batch is recognised, and its page gets another seed", () => {
    const before = opened("lost.ndjson");
    const page = newPage(before, config, new Uint8Array(16).fill(5));
    assert.equal(isForeign(before, factory.read(page)), false);
    before.close();
    rmSync(join(folder, "lost.ndjson"));
    const after = opened("lost.ndjson");
    assert.equal(isForeign(after, factory.read(page)), true);
    assert.notEqual(seedOf(newPage(after, config)), seedOf(page));
    after.close();
  });

  it("from an image with pages of a store: no board accepts one, since no board's firmware is there", async () => {
    for (const name of boardNames()) {
      const board = await loadBoard(name);
      const { origin, pageBytes, pages } = board.store;
      for (const page of [0, 1, pages - 1]) {
        const path = join(folder, "store.hex");
        const row = { address: origin + page * pageBytes, bytes: Buffer.alloc(16) };
        writeFileSync(path, hex.write([{ address: board.flash.origin, bytes: Buffer.alloc(16) }, row]));
        assert.throws(() => image.firmware(path, board), /contains pages of the store/, `${name}, page ${page}`);
      }
    }
  });
});

describe("Intel HEX", () => {
  it("reads back as it was written", () => {
    const segment = fc.record({
      gap: fc.integer({ min: 1, max: 70_000 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (parts) => {
        let at = 0x0fff_f000;
        const segments = parts.map(({ gap, bytes }) => {
          const address = at + gap;
          at = address + bytes.length;
          return { address, bytes: Buffer.from(bytes) };
        });
        assert.deepEqual(hex.parse(hex.write(segments), "x"), segments);
      }),
      { numRuns: 300, seed: SEED },
    );
  });

  it("with a row that is cut, changed, or after the end, is refused with its line", () => {
    const text = hex.write([{ address: 0x100, bytes: Buffer.from("0123456789abcdef0123") }]);
    assert.throws(() => hex.parse(text.replace("30", "31"), "x"), /x, line 1/);
    assert.throws(() => hex.parse(text.slice(0, -13), "x"), /x.*(line|truncated)/);
    assert.throws(() => hex.parse(`${text}${text}`, "x"), /x, line 4/);
    assert.throws(() => hex.parse("", "x"), /truncated/);
  });
});

describe("the label", () => {
  it("has number, board and the whole id, as text and as a code", async () => {
    const path = await label.write({ number: 7, board: "microbit", id: id(0xabc) }, join(folder, "labels"));
    assert.match(readFileSync(path, "utf8"), /^<svg /);
    const text = readFileSync(path.replace(/svg$/, "txt"), "utf8");
    assert.match(text, /^signet 0007 {2}microbit\n/);
    assert.equal(text.split("\n").slice(1).join("").replaceAll(" ", ""), id(0xabc));
    assert.match(await label.onTerminal({ number: 7, board: "microbit", id: id(0xabc) }), /█/);
  });
});
